#!/bin/sh
# SPDX-License-Identifier: MIT
# packages: python3-torch
# What PyTorch's own tests of multiprocessing share, by both strategies, judged by tshm.leak_checker: done well it is
# clean, done badly it is told with its line.  TSHM_TEST_TORCH: a Python that has another PyTorch.
here=$(dirname "$0")/..
# shellcheck source=tests/lib.sh
. "$here/lib.sh"
make_tmp
: "${TSHM_TEST_TORCH:=/usr/bin/python3}"
"$TSHM_TEST_TORCH" -c 'import torch' 2>/dev/null || skip "no PyTorch for $TSHM_TEST_TORCH"
cases=$(cd "$here/python" && pwd)/sharing_cases.py
PYTHONPATH=$(cd "$here/../python" && pwd) PYTHONDONTWRITEBYTECODE=1 TMPDIR=$tmp
export PYTHONPATH PYTHONDONTWRITEBYTECODE TMPDIR
mkdir "$tmp/run" || fail "mkdir"
preloaded "$tmp/run" timeout 500 "$TSHM_TEST_TORCH" "$cases" "$@" >"$tmp/out" 2>&1 </dev/null
status=$?
[ $status -eq 0 ] || { cat "$tmp/out"; fail "status $status"; }
grep '^Ran ' "$tmp/out"
"$TSHM_TEST_TORCH" -c 'import torch; print("PyTorch", torch.__version__)'
