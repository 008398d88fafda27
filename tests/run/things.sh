# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Names of all spaces for the tests of --system and --reap; sourced.  They are made by things.py.

# go_private: where that can be, on with a /dev/shm and segments of our own: what is made here and held by nobody is
# no "name that appeared" to other tests, and what they make is out of reach.
go_private() {
	if [ -n "${TSHM_TEST_INSIDE-}" ]; then
		mount -t tmpfs none /dev/shm || fail "mount"
		[ ! -d /dev/mqueue ] || mount -t mqueue none /dev/mqueue || fail "mount"	# what is there shows the queues of outside
	elif unshare -mi sh -c 'mount -t tmpfs none /dev/shm' 2>/dev/null; then
		TSHM_TEST_INSIDE=1 exec unshare -mi sh "$0"
	fi
}

# dead_pid: the number of a process that is gone.
dead_pid() { sh -c 'echo $$'; }

# start_things: $things is its pid, "$tmp/made" what it made; name KIND is the name of that kind.
start_things() {
	label=tshm-test-system-$$
	dead=$(dead_pid)
	rm -f "$tmp/in" "$tmp/made"
	mkfifo "$tmp/in" || fail "mkfifo"
	"$PYTHON" "$here/run/things.py" "$dead" "$label" <"$tmp/in" >"$tmp/made" &
	things=$!
	exec 3>"$tmp/in"
	things_tries=0
	until grep -q '^ready$' "$tmp/made" 2>/dev/null; do
		kill -0 $things 2>/dev/null || fail "things.py ended"
		things_tries=$((things_tries + 1))
		[ $things_tries -lt 600 ] || fail "things.py is not ready"
		sleep 0.1
	done
}

name() { sed -n "s/^$1 //p" "$tmp/made"; }

end_things() {
	exec 3>&-
	wait $things
	things=
}

at_end() {
	[ -z "${label-}" ] || find /dev/shm -maxdepth 1 \( -name "$label" -o -name "${label}[!0-9]*" -o -name "sem.$label" \) -exec rm -rf {} +
	if [ -n "${things-}" ]; then
		exec 3>&-
		rm -f /dev/shm/torch_*_"$things" /dev/shm/torch_*_"$things"_1
		wait "$things"
	fi
	[ -z "${made_by-}" ] || rm -f /dev/shm/torch_*_"$made_by" /dev/shm/torch_*_"$made_by"_1
}
