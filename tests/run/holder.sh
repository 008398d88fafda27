# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# A live holder for the tests of --holders; sourced.  $as: a command that changes the user, or nothing.
: "${as=}"

# start_holder [MODE]: it waits; $pid, $name and $tracer are known.
start_holder() {
	mkdir -p "$tmp/pool" && chmod 777 "$tmp" "$tmp/pool" || fail "mkdir"
	rm -f "$tmp/in" "$tmp/said"
	mkfifo "$tmp/in" "$tmp/said" || fail "mkfifo"
	# shellcheck disable=SC2086 # words
	$as env TSHM_DIR="$tmp/pool" LD_PRELOAD="$TSHM_LIB" "$TSHM_TEST_BIN/run/holder" "$@" \
		<"$tmp/in" >"$tmp/said" 3>&- 4>&- &
	holder=$!
	exec 3>"$tmp/in" 4<"$tmp/said"
	ready=
	read -r ready name tracer <&4
	if [ "$ready" != ready ]; then
		wait $holder
		status=$?
		[ $status -ne 77 ] || skip "no holder can be made here"
		fail "the holder: status $status"
	fi
	name=/dev/shm$name
	pid=${name##*-}
	await_calls
}

# "Ready" is said before the calls that wait, and on a busy machine threads were seen on their way there.  What a
# thread waits in is told by the kernel, as far as we may ask (proc(5), syscall): the first one reads from 0.
await_calls() {
	tries=0
	while [ -r "/proc/$pid/syscall" ] && [ $tries -lt 20000 ]; do
		calls=$(cat "/proc/$pid"/task/*/syscall 2>/dev/null) || return 0
		case $calls in
		*running*) ;;
		*" 0x0 "*) return 0 ;;
		esac
		tries=$((tries + 1))
	done
}

# end_holder: $said is what it says then.
end_holder() {
	exec 3>&-
	read -r said <&4
	wait $holder || fail "status $? of the holder"
	exec 4<&-
}

at_end() { [ -z "${pid-}" ] || { exec 3>&- 4<&-; remove_names "$pid"; }; }
