#!/bin/sh
# SPDX-License-Identifier: MIT
# The reader on damages of real ledgers: of a program that leaked, and of one that executed others;
# and of made ones with CUDA IPC.  And what libFuzzer found worth keeping, as it is.
here=$(dirname "$0")/..
. "$here/lib.sh"
make_tmp
[ -f "$TSHM_LIB" ] || skip "no $TSHM_LIB"
mkdir "$tmp/run"
preloaded "$tmp/run" "$TSHM_TEST_BIN/scenarios/fd_leak.scn" >/dev/null || fail "fd_leak"
preloaded "$tmp/run" sh -c 'true & wait; exec true' || fail "sh"
"$TSHM_TEST_BIN/golden/golden" ipc "$tmp/run" || fail "no ledgers with CUDA IPC"
set -- "$tmp"/run/*.tshm
[ $# -ge 5 ] || fail "only $# ledgers"
"$TSHM_TEST_BIN/fuzz/fuzz_reader" "$@" || fail "status $?"
"$TSHM_TEST_BIN/fuzz/fuzz_reader" --once "$here"/fuzz/corpus/* || fail "corpus: status $?"
echo "$# ledgers and their damages were read"
