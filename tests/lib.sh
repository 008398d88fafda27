# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What the test scripts share; sourced by them with $here set to this folder.
# Inside of a build the tools are those of the build (tests run in its top folder);
# outside, TSHM_RUN, TSHM_REPORT and TSHM_LIB say where they are.
: "${TSHM_RUN:=build/tshm-run}" "${TSHM_REPORT:=build/tshm-report}" "${PYTHON:=python3}"
: "${TSHM_LIB:=build/.libs/libtshm.so}"
case $TSHM_LIB in /*) ;; *) TSHM_LIB=$(pwd)/$TSHM_LIB ;; esac
export TSHM_RUN TSHM_REPORT TSHM_LIB

# What a report keeps or asks for is never the user's: a place where none can be made, until make_tmp.
XDG_CACHE_HOME=/proc/tshm-test
export XDG_CACHE_HOME
unset DEBUGINFOD_URLS

fail() { echo "FAIL: $*" >&2; exit 1; }
skip() { echo "SKIP: $*" >&2; exit 77; }
need() { for need_tool; do command -v "$need_tool" >/dev/null 2>&1 || skip "$need_tool is missing"; done; }

# A folder of this test alone, $tmp: on a tmpfs, as ledgers should be; removed at the end,
# after at_end, which a test may define again.
at_end() { :; }
make_tmp() {
	tmp=$(mktemp -d /dev/shm/tshm-t.XXXXXX 2>/dev/null) || tmp=$(mktemp -d) || fail "mktemp"
	XDG_CACHE_HOME=$tmp/cache
	# shellcheck disable=SC2154 # in the trap itself
	trap 'status=$?; trap - EXIT; at_end; rm -rf "$tmp"; exit $status' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
}

# preloaded DIR COMMAND...: run it with the library alone, ledgers in DIR.
preloaded() {
	preloaded_dir=$1
	shift
	TSHM_DIR=$preloaded_dir LD_PRELOAD=$TSHM_LIB "$@"
}

# remove_names PID: remove segments and semaphores named tshm-test-STEM-PID or with more after it.
remove_names() {
	find /dev/shm -maxdepth 1 ! -type d \( -name "*tshm-test-*-$1" -o -name "*tshm-test-*-$1[!0-9]*" \) -exec rm -f {} +
}

# remove_sysv PID: remove the SysV segments that process PID made.
remove_sysv() {
	[ -r /proc/sysvipc/shm ] || return 0
	awk -v pid="$1" '$5 == pid { print $2 }' /proc/sysvipc/shm | while read -r id; do
		ipcrm -m "$id"
	done
}
