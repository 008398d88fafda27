#!/bin/sh
# SPDX-License-Identifier: MIT
# tshm-run's exit status: the command's own first, then ours, then the gate's; and it is silent on
# standard output.
here=$(dirname "$0")/..
. "$here/lib.sh"
make_tmp
leak=$TSHM_TEST_BIN/scenarios/shm_leak.scn
n=0

# expect STATUS OPTION... -- COMMAND...: fresh run each; its standard error is $tmp/err.
expect() {
	wanted=$1
	shift
	n=$((n + 1))
	"$TSHM_RUN" -o "$tmp/$n" "$@" </dev/null >"$tmp/out" 2>"$tmp/err"
	got=$?
	[ "$got" -eq "$wanted" ] || { cat "$tmp/err" >&2; fail "tshm-run $*: status $got, expected $wanted"; }
}

clean_names() {
	pid=$(sed -n 's/^# pid //p' "$tmp/out" 2>/dev/null)
	remove_names "${pid:-none}"
}
at_end() { clean_names; }

expect 0 -- true
expect 0 --gate -- true
[ ! -s "$tmp/out" ] || fail "something on standard output"
tail -n 1 "$tmp/err" | grep -q '^SUMMARY: tshm: 0 leaked segments' || fail "no SUMMARY line at the end"
[ "$(grep -c SUMMARY "$tmp/err")" -eq 1 ] || fail "more than one SUMMARY line"
expect 3 --gate -- sh -c 'exit 3'
expect 137 --gate -- sh -c 'kill -9 $$'
expect 127 --gate -- "$tmp/there-is-none"
[ ! -e "$tmp/$n/run.json" ] || fail "a run without a command was kept"
: >"$tmp/no-program"
expect 126 -- "$tmp/no-program"
expect 125
expect 125 --no-such-option -- true
expect 125 --gate=no-such-policy -- touch "$tmp/touched"
expect 125 --report=no-such-format:x -- touch "$tmp/touched"
expect 125 --suppressions="$tmp/there-is-none" -- touch "$tmp/touched"
expect 125 --wait=soon -- touch "$tmp/touched"
[ ! -e "$tmp/touched" ] || fail "the command was run though the options are wrong"

expect 0 -- "$leak"
clean_names
expect 1 --gate -- "$leak"
name=$(sed -n 's/^EXPECT shm-leaked \(tshm-test[^ ]*\)$/\1/p' "$tmp/out" | head -n 1)
grep -q "^error shm-leaked: .*$name" "$tmp/err" || fail "the name is not told"
clean_names
echo "shm-leaked:/dev/shm/tshm-test-*" >"$tmp/suppressions"
expect 0 --gate --suppressions="$tmp/suppressions" -- "$leak"
grep -q '^SUMMARY: .*, 1 suppressed' "$tmp/err" || fail "does not say what was suppressed"
clean_names
expect 4 --gate -- sh -c '"$1"; exit 4' sh "$leak"
clean_names

# Standard streams that are closed stay so for the command, and do not keep it from being judged.
n=$((n + 1)) got=0
"$TSHM_RUN" -o "$tmp/$n" -- sh -c 'echo x 2>/dev/null || exit 5' <&- >&- 2>"$tmp/err" || got=$?
[ $got -eq 5 ] && grep -q '^SUMMARY' "$tmp/err" || fail "closed streams: status $got: $(cat "$tmp/err")"

# Who forgets the = of --prune=MIB does not lose all runs.
got=0
TSHM_DIR=$tmp "$TSHM_REPORT" --prune 256 >"$tmp/out" 2>"$tmp/err" || got=$?
[ $got -eq 2 ] && [ -d "$tmp/$n" ] || fail "--prune 256: status $got"

# A program that cannot be observed cannot be judged.
echo 'int main(void) { return 0; }' >"$tmp/static.c"
if ${CC:-cc} -static -o "$tmp/static" "$tmp/static.c" 2>/dev/null; then
	expect 125 --gate -- "$tmp/static"
	grep -q 'not judged' "$tmp/err" || fail "does not say why it could not judge"
	expect 0 -- "$tmp/static"
fi

# The same directory cannot hold two runs.
"$TSHM_RUN" -o "$tmp/1" -- true 2>"$tmp/err"
[ $? -eq 125 ] || fail "a second run in one directory"
echo "statuses are as documented"
