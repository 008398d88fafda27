#!/bin/sh
# SPDX-License-Identifier: MIT
# --baseline and --write-baseline: what is known does not fail, what is new does, what is gone is told.
here=$(dirname "$0")/..
# shellcheck source=tests/lib.sh
. "$here/lib.sh"
[ -x "$TSHM_REPORT" ] || skip "no $TSHM_REPORT"
make_tmp
mkdir "$tmp/ipc" "$tmp/held"
"$TSHM_TEST_BIN/golden/golden" ipc "$tmp/ipc" || fail "no ledgers"
"$TSHM_TEST_BIN/golden/golden" held "$tmp/held" || fail "no ledgers"

# expect STATUS OPTION...: its output is $tmp/out, what it says $tmp/said.
expect() {
	wanted=$1 status=0
	shift
	"$TSHM_REPORT" "$@" >"$tmp/out" 2>"$tmp/said" || status=$?
	[ $status -eq "$wanted" ] || fail "tshm-report $*: status $status, not $wanted: $(cat "$tmp/out" "$tmp/said")"
}

expect 1 --gate=strict "$tmp/ipc"
expect 0 --write-baseline="$tmp/base" "$tmp/ipc"
expect 0 --gate=strict,notes=0 --baseline="$tmp/base" "$tmp/ipc"
grep -q '^SUMMARY: .* 0 errors, 0 warnings, 0 notes, 8 known;' "$tmp/out" || fail "$(cat "$tmp/out")"
! grep -q ' gone' "$tmp/out" || fail "nothing is gone: $(cat "$tmp/out")"
grep -qx 'gate: pass' "$tmp/out" || fail "$(cat "$tmp/out")"

# The same once more is the same file, a finding a line, sorted; with a baseline too.
expect 0 --write-baseline="$tmp/again" --baseline="$tmp/base" "$tmp/ipc"
cmp "$tmp/base" "$tmp/again" || fail "two baselines of one run differ"
grep '^{"rule"' "$tmp/base" | sed 's/,$//' >"$tmp/rows"
[ "$(wc -l <"$tmp/rows")" -eq 8 ] || fail "$(cat "$tmp/base")"
LC_ALL=C sort -c "$tmp/rows" || fail "not sorted: $(cat "$tmp/base")"
! ls "$tmp"/*.new >/dev/null 2>&1 || fail "a temporary file is left"

# New in another program; gone from this one.
expect 1 --gate=strict --baseline="$tmp/base" "$tmp/held"
grep -q '^tshm: 8 findings of the baseline are gone' "$tmp/out" || fail "$(cat "$tmp/out")"
grep -q '^    gone: ipc-limbo: gpu in exporter$' "$tmp/out" || fail "$(cat "$tmp/out")"
expect 0 --format=json --baseline="$tmp/base" "$tmp/held"
[ "$(grep -c '"known": false' "$tmp/out")" -eq 4 ] || fail "JSON: $(grep known "$tmp/out")"
grep -q '"place": "gpu in exporter"' "$tmp/out" || fail "JSON does not tell what is gone"

# One line less is one finding more; a milder one does not stand for a worse one.
grep -v ipc-same-process "$tmp/base" >"$tmp/less"
expect 1 --gate --baseline="$tmp/less" "$tmp/ipc"
grep -q '^error ipc-same-process' "$tmp/out" || fail "$(cat "$tmp/out")"
grep -qx 'gate: fail: 1 error, at most 0' "$tmp/out" || fail "$(cat "$tmp/out")"
sed '/ipc-same-process/s/"error"/"note"/' "$tmp/base" >"$tmp/milder"
expect 1 --gate --baseline="$tmp/milder" "$tmp/ipc"
grep -q '^SUMMARY: .* 1 error, 0 warnings, 0 notes, 7 known;' "$tmp/out" || fail "$(cat "$tmp/out")"

# What is suppressed does not get into a baseline.
printf '*:*\n' >"$tmp/supp"
expect 0 --suppressions="$tmp/supp" --write-baseline="$tmp/none" "$tmp/ipc"
! grep -q rule "$tmp/none" || fail "$(cat "$tmp/none")"
expect 0 --gate --suppressions="$tmp/supp" --baseline="$tmp/none" "$tmp/ipc"

# refused TEXT EXPECTED
refused() {
	printf '%b' "$1" >"$tmp/bad"
	expect 2 --baseline="$tmp/bad" --list-checks
	[ "$(wc -l <"$tmp/said")" -eq 1 ] || fail "$1: $(cat "$tmp/said")"
	grep -qF "$2" "$tmp/said" || fail "$1: $(cat "$tmp/said")"
}
refused '' 'no baseline'
refused '{"schema":"tshm-report/1"}' 'no baseline (no schema "tshm-baseline/1")'
refused '{"schema":"tshm-baseline/2","findings":[]}' 'no baseline (no schema "tshm-baseline/1")'
refused '[]' 'no baseline'
refused '{"schema":"tshm-baseline/1"}' 'it has no findings'
refused '{"schema":"tshm-baseline/1","findings":[7]}' 'finding 1 is none'
refused '{"schema":"tshm-baseline/1","findings":[{"rule":"x","severity":"fatal"}]}' 'finding 1 is none'
refused '{"schema":"tshm-baseline/1","findings":[{"rule":"x","severity":"note","where":[1]}]}' 'finding 1 is none'
refused '{"schema":"tshm-baseline/1","findings":[{"rule":"x","severity":"note","where":["","","","","",""]}]}' 'finding 1 is none'
expect 2 --baseline="$tmp/there-is-none" --list-checks
grep -q 'cannot read the baseline .*there-is-none: ' "$tmp/said" || fail "$(cat "$tmp/said")"
expect 2 --baseline="$tmp" --list-checks
# A link, or a device, stays what it is.
: >"$tmp/far"
ln -s far "$tmp/link"
expect 0 --write-baseline="$tmp/link" "$tmp/ipc"
[ -h "$tmp/link" ] && cmp "$tmp/base" "$tmp/far" || fail "a link was replaced"
expect 3 --write-baseline="$tmp/no/such/folder" "$tmp/ipc"
grep -q 'cannot write the baseline ' "$tmp/said" || fail "$(cat "$tmp/said")"
echo "baselines work"
