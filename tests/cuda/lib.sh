# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# How stories of CUDA are run; sourced by one script for each caller.  Each story is told bare, and then
# under tshm-run, whose report is compared with what the story says.
#   TSHM_GPU=1        on the CUDA of this machine, not on the double
#   TSHM_CUDA_BARE=1  without the second half
#   STORIES="..."     only these
#   TSHM_OBSERVE=DIR  what programs said goes there, and how often each call was noted (tests/gpu/run)
here=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=tests/lib.sh
. "$here/lib.sh"
: "${TSHM_TEST_BIN:=build/tests}"
case $TSHM_TEST_BIN in /*) ;; *) TSHM_TEST_BIN=$(pwd)/$TSHM_TEST_BIN ;; esac
bin=$TSHM_TEST_BIN/cuda
wrong=0
skipped=0

# The double's own files are not to be found where tshm looks for what was left.
use_double() {
	[ "${TSHM_GPU-}" != 1 ] || return 0
	[ -f "$TSHM_TEST_BIN/fake/lib/libcuda.so.1" ] || skip "no double of libcuda"
	LD_LIBRARY_PATH=$TSHM_TEST_BIN/fake/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
	export LD_LIBRARY_PATH
	TSHM_FAKE_CUDA_DIR=$(mktemp -d "${TMPDIR:-/tmp}/tshm-t.XXXXXX") || fail "mktemp"
	export TSHM_FAKE_CUDA_DIR
}

at_end() {
	[ -z "${TSHM_FAKE_CUDA_DIR-}" ] || rm -rf "$TSHM_FAKE_CUDA_DIR"
}

complain() {
	echo "FAIL: $*"
	[ ! -s "$tmp/errors" ] || sed 's/^/  | /' "$tmp/errors"
	wrong=$((wrong + 1))
}

# begin_afresh: what the story before has left is gone.
begin_afresh() {
	rm -rf "$tmp/run" "$tmp/said" "$tmp/errors" "$tmp/report.json"
	mkdir "$tmp/run" || fail "mkdir"
	[ -z "${TSHM_FAKE_CUDA_DIR-}" ] || find "$TSHM_FAKE_CUDA_DIR" -mindepth 1 -delete
}

begin() {
	need "$PYTHON"
	[ -x "$TSHM_RUN" ] || [ "${TSHM_CUDA_BARE-}" = 1 ] || skip "no $TSHM_RUN"
	make_tmp
	use_double
}

# observe bare|under
observe() {
	[ -n "${TSHM_OBSERVE-}" ] || return 0
	cp "$tmp/said" "$TSHM_OBSERVE/said.$1"
	cp "$tmp/errors" "$TSHM_OBSERVE/errors.$1"
	[ "$1" = under ] || return 0
	"$TSHM_TEST_BIN/engine/ledger_calls" "$tmp/run"/*.tshm >"$TSHM_OBSERVE/calls"
	[ ! -f "$tmp/report.json" ] || cp "$tmp/report.json" "$TSHM_OBSERVE/report.json"
}

# run_story NAME COMMAND...
run_story() {
	story=$1
	shift
	begin_afresh
	"$@" >"$tmp/said" 2>"$tmp/errors" </dev/null
	status=$?
	observe bare
	# A program that finds no library of this name ends with 127.
	if [ $status -eq 77 ] || { [ $status -eq 127 ] && [ "${TSHM_GPU-}" = 1 ]; }; then
		echo "skipped: $story: $(tail -n 1 "$tmp/errors")"
		skipped=$((skipped + 1))
		return
	fi
	[ $status -eq 0 ] || { complain "$story bare: status $status"; return; }
	[ "${TSHM_CUDA_BARE-}" != 1 ] || return 0
	begin_afresh
	"$TSHM_RUN" -o "$tmp/run" --report=json:"$tmp/report.json" -- "$@" >"$tmp/said" 2>"$tmp/errors" </dev/null
	status=$?
	observe under
	[ $status -eq 0 ] || { complain "$story under tshm-run: status $status"; return; }
	"$PYTHON" "$here/compare-findings.py" "$story" "$tmp/said" "$tmp/report.json" 2>"$tmp/differs" || {
		cat "$tmp/differs" >>"$tmp/errors"
		complain "$story"
	}
}

finish() {
	[ $wrong -eq 0 ] || fail "$wrong stories of $ran are wrong"
	[ $skipped -lt $ran ] || skip "no story could be told"
	echo "$ran stories, $skipped of them skipped"
	exit 0
}

# tell_stories CALLER: all stories by this caller.
tell_stories() {
	program=$bin/stories-$1
	[ -x "$program" ] || skip "no $program"
	begin
	ran=0
	for story in ${STORIES-$("$program")}; do
		ran=$((ran + 1))
		run_story "$story" "$program" "$story"
	done
	finish
}
