# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What the suites that are shell scripts share.  Sourced, not run; they begin in an empty folder of
# their own and print what they like: it is kept as their log.

# need COMMAND...: all of them, or the suite is skipped with the reason.
need() {
	local command
	for command; do
		command -v "$command" >/dev/null || not_here "no $command"
	done
}

not_here() {
	echo "$*"
	exit 77
}

# verdict PASS|FAIL|SKIP TEST[: DETAIL]: the detail is compared, too.
verdict() {
	printf '%s\n' "$*" >>"$TSHM_VERDICTS"
	printf '== %s\n' "$*"
}

# check TEST COMMAND...: passes if the command does; its status and standard output are compared.
check() {
	local test=$1 status word=PASS
	shift
	"$@" >"out.$test"
	status=$?
	((status == 0)) || word=FAIL
	head -c 2000 "out.$test"
	verdict "$word $test: status $status, output $(md5sum <"out.$test" | cut -c1-12)"
}

# A port of loopback that nobody has now.
free_port() {
	/usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# until_ok COMMAND...: wait until it succeeds, 20 seconds at most.
until_ok() {
	local try
	for ((try = 0; try < 200; try++)); do
		"$@" >/dev/null 2>&1 && return
		sleep 0.1
	done
	return 1
}
