#!/bin/sh
# SPDX-License-Identifier: MIT
# Lines of stripped programs come from a debuginfod server if the user has one set up; one that
# does not answer is asked once, for one module; and without DEBUGINFOD_URLS nobody is asked.
here=$(dirname "$0")/..
. "$here/lib.sh"
need debuginfod objcopy strip "$PYTHON"
make_tmp
demo=$(pwd)/examples/demo
[ -x "$demo" ] || skip "no $demo"
server='' hole=''
at_end() {
	[ -z "$server" ] || kill "$server"
	[ -z "$hole" ] || kill "$hole"
	for pid in $(sed -n 's/.*segment .*tshm-demo-batch-\([0-9]*\) .*/\1/p' "$tmp"/*.report); do
		rm -f /dev/shm/tshm-demo-*-"$pid" /dev/shm/sem.tshm-demo-*-"$pid"
	done
}
# report NAME: of the run, with nothing kept from before.
report() {
	rm -rf "$XDG_CACHE_HOME"
	"$TSHM_REPORT" "$tmp/run" >"$tmp/$1.report" 2>"$tmp/$1.errors" || fail "$1: tshm-report: status $?"
}
# The report NAME without what other programs of this machine, other tests too, have and had in the shm mount meanwhile.
ours() {
	grep -v -e '^warning shm-appeared' -e 'something else on this machine may have' -e '^SUMMARY' "$tmp/$1.report" |
		cat -s >"$tmp/$1.ours"
}
same() {
	ours "$1"
	ours "$2"
	diff "$tmp/$1.ours" "$tmp/$2.ours" >&2 || fail "the report $2 is another than $1"
}

# Two programs without debugging information, which differ in nothing but the build-id.
mkdir "$tmp/debug"
objcopy --only-keep-debug "$demo" "$tmp/debug/one.debug" && strip -s -o "$tmp/one" "$demo" || fail "objcopy, strip"
"$PYTHON" - "$tmp/one" "$tmp/two" <<'END' || skip "no build-id in $demo"
import os, sys
one, two = sys.argv[1:]
program = open(one, "rb").read()
at = program.find(b"\x14\0\0\0\x03\0\0\0GNU\0") + 12
with open(two, "wb") as file:
    file.write(program[:at] + b"\xee" * 20 + program[at + 20:])
os.chmod(two, 0o755)
sys.exit(at < 12)
END
"$TSHM_RUN" -o "$tmp/run" -- sh -c '"$0"; "$1"' "$tmp/one" "$tmp/two" >"$tmp/run.report" 2>&1
grep -q '0x[0-9a-f]* in one (build-id' "$tmp/run.report" || {
	cat "$tmp/run.report"
	fail "the program has symbols"
}

# A server with the debugging information of one of the two.
mkfifo "$tmp/log" "$tmp/port" || fail "mkfifo"
exec 3<>"$tmp/log"
port=$("$PYTHON" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
(
	debuginfod -p "$port" -d :memory: -F "$tmp/debug" -t 0 -g 0 &
	echo "its pid: $!"
	wait
	echo "it ended"
) >"$tmp/log" 2>&1 3>&- &
while read -r line; do
	case $line in
	"its pid: "*) server=${line#its pid: } ;;
	*"groomed database"*) break ;;
	"it ended") server='' && skip "debuginfod does not start" ;;
	esac
done <&3
DEBUGINFOD_URLS=http://127.0.0.1:$port
export DEBUGINFOD_URLS
report served
grep -q 'by make_batch (demo.c:' "$tmp/served.report" || fail "no lines from the server"
grep -q '0x[0-9a-f]* in two (build-id' "$tmp/served.report" || fail "another program's lines"
[ ! -s "$tmp/served.errors" ] || fail "said: $(cat "$tmp/served.errors")"

# Nobody is asked without being named.
DEBUGINFOD_URLS='' report empty
(unset DEBUGINFOD_URLS; report unset) || exit 1
[ ! -e "$XDG_CACHE_HOME/debuginfod_client" ] || fail "servers were asked"
same unset empty

# Servers that are none: one takes connections and no more, another hangs up.  $1: how many times it is asked.
asked() { [ "$(grep -c more "$tmp/connections")" -eq "$1" ] || fail "asked $(grep -c more "$tmp/connections") times"; }
listen() {
	"$PYTHON" - "$1" >"$tmp/port" 2>"$tmp/connections" <<'END' &
import socket, sys
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(50)
print(listener.getsockname()[1], flush=True)
taken = []
while True:
    taken.append(listener.accept())
    print("one more", file=sys.stderr, flush=True)
    if sys.argv[1] == "hang-up":
        taken.pop()[0].close()
END
	hole=$!
	read -r port <"$tmp/port" || fail "nothing listens"
	DEBUGINFOD_URLS=http://127.0.0.1:$port
}
listen silent
DEBUGINFOD_TIMEOUT=1 report silent
grep -q 'not asked any more' "$tmp/silent.errors" || fail "no word of a silent server"
asked 1
# It must be gone: while it holds the fifo, a reader need not wait for the next one, and sees the end.
kill "$hole"
wait "$hole"
listen hang-up
report hang-up
asked 2		# once for each module
same unset silent
same unset hang-up
