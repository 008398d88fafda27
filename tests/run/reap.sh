#!/bin/sh
# SPDX-License-Identifier: MIT
# --reap: removes what may go and nothing else, says why, and never takes from somebody what he holds.
# It is always told which names: others work in /dev/shm, too.
here=$(dirname "$0")/..
. "$here/lib.sh"
. "$here/run/things.sh"
need "$PYTHON" mkfifo
go_private
[ -w /dev/shm ] || skip "/dev/shm cannot be written"
make_tmp
start_things
made_by=$things
reap() { "$TSHM_REPORT" "$@" >"$tmp/text" 2>"$tmp/err"; }
says() { grep -Eq -- "$1" "$tmp/text" || { cat "$tmp/text" "$tmp/err" >&2; fail "does not say: $1"; }; }
here_is() { [ -e "$(name "$1")" ] || fail "$1 is gone"; }
gone_is() { [ ! -e "$(name "$1")" ] || fail "$1 is still there"; }

# What was made just now stays, whoever made it; and without yes nothing goes.
reap --reap=yes "$(name dead)"
[ $? -eq 1 ] || fail "a young name: not status 1"
says "^refused $(name dead) .*less than 60 seconds"
reap --reap --older=0 "$(name dead)" || fail "--reap: status $?"
says "^would remove $(name dead) \(8.0 KiB, PyTorch\): nobody seen holds it, and pid $dead of its name is gone"
says '^SUMMARY: tshm: 1 name would be removed \(8192 bytes\), 0 refused'
here_is dead

# It goes; again, there is nothing.
reap --reap=yes --older=0 "$(name dead)" || { cat "$tmp/text"; fail "--reap=yes: status $?"; }
says "^removed $(name dead) "
says '^SUMMARY: tshm: 1 name removed \(8192 bytes\), 0 refused'
gone_is dead
reap --reap=yes --older=0 "$(name dead)" || fail "what is gone: status $?"
grep -q 'nothing is called' "$tmp/err" || fail "silent about what is gone"

# Of unknown makers: only with --older.
reap --reap=yes "$(name unknown)"
[ $? -eq 1 ] || fail "an unknown maker: not status 1"
says "^refused .*--older=SECONDS"
reap --reap=yes --older=3600 "$(name unknown)"
[ $? -eq 1 ] || fail "not that old: not status 1"
here_is unknown

# Held: by descriptor, mapping, a living maker, in flight where /proc does not show it.
for kind in fd mapped alive flight; do
	reap --reap=yes --older=0 "$(name $kind)"
	[ $? -eq 1 ] || fail "$kind: not status 1"
	says "^refused $(name $kind) "
	here_is $kind
done
says 'on its way through a socket'

# By pattern: what may go goes, what may not stays without being a failure.
reap --reap=yes --older=0 "*$label*" || { cat "$tmp/text"; fail "a pattern: status $?"; }
for kind in unknown semaphore longest; do
	gone_is $kind
done
for kind in fd mapped directory; do
	here_is $kind
done
[ -L "$(name link)" ] || fail "the link is gone"
[ "$(find /dev/shm -maxdepth 1 -name "$label*" | wc -l)" -eq 4 ] || fail "odd names stay: $(ls -b /dev/shm)"
says '^These stay: .*held'
LC_ALL=C grep -q "$(printf '[\001-\010\013-\037\177]')" "$tmp/text" && fail "a control character in the text"

# SysV, by the kernel's word.
if [ -n "$(name sysv)" ]; then
	reap --reap=yes --older=0 "$(name sysv)" || { cat "$tmp/text"; fail "sysv: status $?"; }
	says "^removed $(name sysv) "
	reap --reap=yes --older=0 "$(name attached)"
	[ $? -eq 1 ] || fail "attached: not status 1"
fi
end_things

# What a run's ledger tells of its maker: no pid in the name, and yet it may go.
leak=$TSHM_TEST_BIN/scenarios/shm_leak.scn
if [ -x "$leak" ]; then
	mkdir "$tmp/pool" "$tmp/pool/run"
	TSHM_DIR=$tmp/pool "$TSHM_RUN" -o "$tmp/pool/run" -- "$leak" >"$tmp/said" 2>/dev/null
	leaked=$(sed -n 's/^EXPECT shm-leaked \(tshm-test-.*[0-9]\)$/\1/p' "$tmp/said")
	[ -n "$leaked" ] || fail "the scenario leaks nothing"
	TSHM_DIR=$tmp/pool "$TSHM_REPORT" --reap=yes --older=0 "$leaked" >"$tmp/text"
	status=$?
	rm -f "/dev/shm/$leaked"
	says "^removed /dev/shm/$leaked .*nobody seen holds it, and shm_leak.* \(pid [0-9]+\), which made it, is gone"
	[ $status -eq 0 ] || fail "by a ledger: status $status"
fi

# And against openers and mappers of the same name, many times.
"$TSHM_TEST_BIN/run/reap_race" "${TSHM_TEST_RACES:-500}" || fail "reap_race: status $?"
"$TSHM_TEST_BIN/run/reap_race" "${TSHM_TEST_RACES:-500}" create || fail "reap_race create: status $?"
