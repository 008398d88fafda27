#!/bin/sh
# SPDX-License-Identifier: MIT
# tshm-report --holders shows where the threads of a live holder stand, and does not disturb it.
here=$(dirname "$0")/..
# shellcheck source=tests/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/run/holder.sh
. "$here/run/holder.sh"
need "$PYTHON"
make_tmp

start_holder
look() { TSHM_DIR=$tmp/pool "$TSHM_REPORT" --holders "$@" >"$tmp/out" 2>"$tmp/err" || { cat "$tmp/err" >&2; fail "status $? of --holders $*"; }; }
look
! grep -q 'built without' "$tmp/out" || skip "no libunwind-ptrace"
for wanted in "holder (pid $pid) holds segment $name" 'by wait_for_the_end (holder.c:' 'by main (holder.c:' \
	'by wait_in_epoll (holder.c:' 'by wait_in_read (holder.c:' '3 threads (' 'by wait_in_poll (holder.c:'; do
	grep -qF "$wanted" "$tmp/out" || { cat "$tmp/out" >&2; fail "the text does not have: $wanted"; }
done
[ "$(grep -cF 'wait_in_poll' "$tmp/out")" -eq 1 ] || fail "threads that stand at the same place are told of more than once"
! grep -q 'start_thread\|clone' "$tmp/out" || fail "frames that start a thread were not cut"

look --format=json
"$PYTHON" "$here/schema/validate.py" "$tmp/out" || [ $? -eq 77 ] || fail "the JSON does not follow the schema"
"$PYTHON" - "$tmp/out" "$pid" "$name" <<'EOF' || fail "wrong threads in the JSON"
import json, sys
report, pid, name = json.load(open(sys.argv[1])), int(sys.argv[2]), sys.argv[3]
objects = [o for o in report["objects"] if o["name"] == name]
assert len(objects) == 1, objects
holder, = [h for h in objects[0]["holders"] if h["pid"] == pid]
assert "denied" not in holder, holder
threads = holder["threads"]
assert len(threads) == holder["thread_count"] == 6, threads
assert threads[0]["tid"] == pid, "the main thread comes first"
stands = sorted(next(f["function"] for f in t["stack"] if (f["function"] or "").startswith("wait_")) for t in threads)
assert stands == ["wait_for_the_end", "wait_in_epoll"] + 3 * ["wait_in_poll"] + ["wait_in_read"], stands
assert all(t["stack"][t["leaf"]]["function"] in stands for t in threads), "the leaf is the program's own"
EOF

# It goes on as before: nobody traces or stops it, no call came back.
[ "$(sed -n 's/^TracerPid:[^0-9]*//p' "/proc/$pid/status")" -eq 0 ] || fail "it is still traced"
grep -q '^State:[^A-Z]*S' "/proc/$pid/status" || fail "it does not sleep any more: $(grep State "/proc/$pid/status")"
end_holder
[ "$said" = "disturbed 0" ] || fail "calls were interrupted: $said"
look
grep -q 'no process that runs holds' "$tmp/out" || { cat "$tmp/out" >&2; fail "it does not say that nobody holds anything"; }
echo "$wanted and others found, nobody disturbed"
