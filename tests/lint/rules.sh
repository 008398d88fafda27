#!/bin/sh
# SPDX-License-Identifier: MIT
# Every rule of checks.def is found by a scenario or a story (EXPECT), is kept from firing by one that
# looks alike (LOOKALIKE), and stands in a report of tests/golden; and nothing of these names another.
# That the manual page has them all is manual.sh's affair.
. "$(dirname "$0")/lint.sh"
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
cd "$top" || exit 99

sed -n 's/^TSHM_CHECK("\([a-z-]*\)".*/\1/p' report/checks.def | sort >"$work/rules"
[ -s "$work/rules" ] || offend "no rules in checks.def"
offend_each "$(uniq -d "$work/rules" | sed 's/$/: two rows in checks.def/')"

# said WORD: the rules after it in what stories print.
said() {
	cat tests/scenarios/*.c tests/cuda/*.c | grep -oE "\"$1 [a-z][a-z-]+" | sed 's/.* //' | sort -u
}
said '(EXPECT|EXPECT-FRAME)' >"$work/fires"
said LOOKALIKE >"$work/alike"
sed -n 's/.*"rule": "\([a-z-]*\)".*/\1/p' tests/golden/*/expected.json | sort -u >"$work/golden"

# compare FILE MISSING: rules that it lacks, and words in it that are no rules.
compare() {
	offend_each "$(comm -23 "$work/rules" "$work/$1" | sed "s#\$#: $2#")"
	offend_each "$(comm -13 "$work/rules" "$work/$1" | sed 's/$/: no such rule in checks.def, but told of as one/')"
}
compare fires "no scenario or story that must find it (EXPECT)"
compare alike "no scenario or story that only looks like it (LOOKALIKE)"
compare golden "in no report of tests/golden"

# The rules are the same in the table that is compiled.
: "${TSHM_REPORT:=./tshm-report}"
cd "$OLDPWD" || exit 99
if [ -x "$TSHM_REPORT" ]; then
	"$TSHM_REPORT" --list-checks | awk '{ print $1 }' | sort | comm -3 - "$work/rules" >"$work/differ"
	offend_each "$(sed 's/^[[:space:]]*//; s/$/: not the same in checks.def and --list-checks/' "$work/differ")"
fi
finish
