#!/bin/sh
# SPDX-License-Identifier: MIT
# tests/gpu/run cannot be tried where there is no GPU: with the double in its place it tells stories, writes
# its report and overwrites none; a story that goes wrong is a failure; without it, it says why it does nothing.
# shellcheck source=tests/cuda/lib.sh
. "$(dirname "$0")/lib.sh"
need bash "$PYTHON"
[ -x "$TSHM_RUN" ] || skip "no $TSHM_RUN"
make_tmp
use_double
rm -rf "$TSHM_FAKE_CUDA_DIR"	# each story gets one
unset TSHM_FAKE_CUDA_DIR LD_LIBRARY_PATH TSHM_GPU
case $TSHM_RUN in /*) ;; *) TSHM_RUN=$(pwd)/$TSHM_RUN ;; esac
case $TSHM_REPORT in /*) ;; *) TSHM_REPORT=$(pwd)/$TSHM_REPORT ;; esac
export TSHM_TEST_BIN TSHM_RUN TSHM_REPORT
run=$here/gpu/run

if ! [ -e /dev/nvidiactl ] && ! nvidia-smi -L >/dev/null 2>&1; then
	"$run" "$tmp/none.md" >"$tmp/out" 2>&1
	[ $? -eq 77 ] || fail "without a GPU: not 77"
	[ "$(wc -l <"$tmp/out")" -eq 1 ] || fail "without a GPU: more than a line"
	[ ! -e "$tmp/none.md" ] || fail "without a GPU: a report"
fi

# Programs are another test: no toolkit, no torch.
TSHM_GPU_DOUBLE=1 CUDA_HOME=/nowhere SCRIPTS='' CALLERS="static driver two_runtimes" STORIES="share_close closed_twice"
export TSHM_GPU_DOUBLE CUDA_HOME SCRIPTS CALLERS STORIES
"$run" "$tmp/seen.md" >"$tmp/out" 2>&1 || { cat "$tmp/out"; fail "status $?"; }
for row in "static | share_close | pass | no findings" "driver | closed_twice | pass | 1 error ipc-unbalanced-close" \
	"two_runtimes | two_runtimes | pass" "nccl | all-reduce | skip" "driver | cuIpcGetMemHandle | 2"; do
	grep -qF "| $row" "$tmp/seen.md" || { cat "$tmp/seen.md"; fail "no row $row"; }
done
grep -q 'driver closed_twice: close returned 1' "$tmp/seen.md" || fail "an error code is not told"
grep -q '^5 passed, 0 failed' "$tmp/seen.md" || { cat "$tmp/seen.md"; fail "another sum"; }

cp "$tmp/seen.md" "$tmp/before"
"$run" "$tmp/seen.md" >"$tmp/out" 2>&1 && fail "a report was overwritten"
cmp "$tmp/seen.md" "$tmp/before" || fail "a report was changed"

# A library that is none: all that goes wrong under it is told.
CALLERS=static STORIES=share_close
printf '#!/bin/sh\nexit 3\n' >"$tmp/run-badly"
chmod +x "$tmp/run-badly"
TSHM_RUN="$tmp/run-badly" "$run" "$tmp/bad.md" >"$tmp/out" 2>&1
[ $? -eq 1 ] || { cat "$tmp/out"; fail "a failure is none"; }
grep -q 'static | share_close | FAIL | .*status 3' "$tmp/bad.md" || { cat "$tmp/bad.md"; fail "the failure is not told"; }
echo "tests/gpu/run: as it should be"
