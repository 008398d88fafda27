#!/bin/sh
# SPDX-License-Identifier: MIT
# Manual pages and programs tell the same: options of --help, rules, formats, policies, TSHM_OPTIONS.
. "$(dirname "$0")/lint.sh"
: "${TSHM_RUN:=./tshm-run}" "${TSHM_REPORT:=./tshm-report}"

page() { sed 's/\\-/-/g; s/\\f[BIRP]//g' "$top/man/$1"; }
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT

# Options stand in .TP paragraphs, the tag in the line after.
for program in run report; do
	tool=$TSHM_RUN
	[ $program = run ] || tool=$TSHM_REPORT
	"$tool" --help >"$work/help" || offend "tshm-$program --help failed"
	grep -oE '(^|[ ,])--[a-z][a-z-]*' "$work/help" | tr -d ' ,' | sort -u >"$work/has"
	page "tshm-$program.1" | awk '/^\.TP/ { getline; print }' | grep -oE -- '--[a-z][a-z-]*' | sort -u >"$work/told"
	offend_each "$(comm -23 "$work/has" "$work/told" | sed "s/\$/: in tshm-$program --help, not in tshm-$program.1/")"
	offend_each "$(comm -13 "$work/has" "$work/told" | sed "s/\$/: in tshm-$program.1, not in tshm-$program --help/")"
done

# Rules: the tag of a paragraph is "rule-id (severity)".
"$TSHM_REPORT" --list-checks | awk '{ print $1, $2 }' | sort >"$work/has"
page tshm-report.1 | awk '/^\.TP/ { getline; print }' |
	sed -n 's/^\.BR* *\([a-z-]*\) "* *(\([a-z]*\)).*/\1 \2/p' | sort >"$work/told"
[ -s "$work/has" ] || offend "no rules in --list-checks"
offend_each "$(comm -23 "$work/has" "$work/told" | sed 's/$/: a rule with this severity that tshm-report.1 does not describe/')"
offend_each "$(comm -13 "$work/has" "$work/told" | sed 's/$/: in tshm-report.1, but no such rule with this severity/')"

# Policies and formats: listed in --help under their headings.
for word in $("$TSHM_REPORT" --help | awk '/^Policies|^Formats/ { on = 1; next } /^$/ { on = 0 } on { print $1 }'); do
	page tshm-report.1 | grep -qw -- "$word" || offend "$word: in tshm-report --help, not in tshm-report.1"
done

# Options of the library: the keys of the text that help=1 prints.
for key in $(sed -n 's/^[ \t]*"  \([a-z]*\)=.*/\1/p' "$top/preload/options.c"); do
	page libtshm.7 | awk '/^\.TP/ { getline; print }' | grep -q "\\b$key=" || offend "$key=: not in libtshm.7"
done
finish
