#!/bin/sh
# SPDX-License-Identifier: MIT
# Signals that are sent to tshm-run alone reach the command; and the report comes all the same.
here=$(dirname "$0")/..
. "$here/lib.sh"
make_tmp
mkfifo "$tmp/ready" || fail "mkfifo"

# What the command does with a signal decides, not what tshm-run does.
for signal in HUP INT QUIT TERM USR1 USR2; do
	# A shell's background job ignores INT and QUIT, what nohup started HUP; and a shell cannot trap
	# what it began with ignored: the test waited for ever.
	env --default-signal "$TSHM_RUN" -o "$tmp/$signal" -- sh -c '
		trap "exit 42" '"$signal"'
		echo ready >"$1"
		while :; do sleep 0.01; done' sh "$tmp/ready" </dev/null 2>"$tmp/err" &
	pid=$!
	read -r _ <"$tmp/ready"
	kill -s "$signal" "$pid"
	wait "$pid"
	status=$?
	[ $status -eq 42 ] || fail "SIG$signal: status $status, expected the command's 42"
	grep -q '^SUMMARY: tshm:' "$tmp/err" || fail "SIG$signal: no report"
done

# Dying of it is told as the shell does.
"$TSHM_RUN" -o "$tmp/dies" -- sh -c 'echo ready >"$1"; exec sleep 60' sh "$tmp/ready" </dev/null 2>"$tmp/err" &
pid=$!
read -r _ <"$tmp/ready"
kill -TERM "$pid"
wait "$pid"
status=$?
[ $status -eq 143 ] || fail "status $status, expected 143"

# What was ignored before stays ignored, and no signal stays blocked.
sh -c 'trap "" HUP; exec "$@"' sh "$TSHM_RUN" -o "$tmp/masks" -- grep -E 'SigBlk|SigIgn' /proc/self/status >"$tmp/under" 2>"$tmp/err"
sh -c 'trap "" HUP; exec "$@"' sh grep -E 'SigBlk|SigIgn' /proc/self/status >"$tmp/bare"
cmp "$tmp/under" "$tmp/bare" || fail "signal masks differ"

# Descriptors, too.
"$TSHM_RUN" -o "$tmp/fds" -- ls /proc/self/fd >"$tmp/under" 2>"$tmp/err"
ls /proc/self/fd >"$tmp/bare"
cmp "$tmp/under" "$tmp/bare" || fail "the command has descriptors of ours"
echo "signals pass"
