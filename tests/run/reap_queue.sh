#!/bin/sh
# SPDX-License-Identifier: MIT
# Message queues in --system and --reap, in an IPC namespace and with a /dev of their own: elsewhere
# the file system that lists them may not be mounted, and queues are few.
here=$(cd "$(dirname "$0")/.." && pwd)
. "$here/lib.sh"
. "$here/run/things.sh"
need "$PYTHON" mkfifo unshare mount
if [ -z "${TSHM_TEST_INSIDE-}" ]; then
	unshare -mi sh -c 'mount -t tmpfs none /dev && mkdir /dev/mqueue && mount -t mqueue none /dev/mqueue' 2>/dev/null ||
		skip "queues cannot be mounted here"
	TSHM_TEST_INSIDE=1 exec unshare -mi sh "$0"
fi
mount -t tmpfs none /dev && mknod -m 666 /dev/null c 1 3 && mkdir /dev/shm /dev/mqueue && mount -t mqueue none /dev/mqueue || fail "mount"
make_tmp
start_things
made_by=$things
queue=$(name queue)
[ -n "$queue" ] || skip "no queue can be made here"

"$TSHM_REPORT" --system "$queue" >"$tmp/text" || fail "--system: status $?"
grep -q "^held .*(pid $things) .*$queue\$" "$tmp/text" || { cat "$tmp/text"; fail "the queue is not held"; }
"$TSHM_REPORT" --reap=yes --older=0 "$queue" >"$tmp/text"
[ $? -eq 1 ] || fail "a held queue: not status 1"
[ -e "/dev/mqueue/$label" ] || fail "the held queue is gone"
kill -9 "$things"
wait "$things" 2>/dev/null
things=
"$TSHM_REPORT" --reap --older=0 "$queue" >"$tmp/text" || fail "--reap: status $?"
"$TSHM_REPORT" --reap=yes --older=0 "$queue" >"$tmp/text"
status=$?
[ $status -eq 0 ] || { cat "$tmp/text"; fail "--reap=yes: status $status"; }
grep -q "^removed $queue " "$tmp/text" || fail "it does not say so"
[ ! -e "/dev/mqueue/$label" ] || fail "the queue is still there"
echo "queues go when nobody has them"
