#!/bin/sh
# SPDX-License-Identifier: MIT
# The reader on damages of real ledgers: of a program that leaked, and of one that executed others.
here=$(dirname "$0")/..
. "$here/lib.sh"
make_tmp
[ -f "$TSHM_LIB" ] || skip "no $TSHM_LIB"
mkdir "$tmp/run"
preloaded "$tmp/run" "$TSHM_TEST_BIN/scenarios/fd_leak.scn" >/dev/null || fail "fd_leak"
preloaded "$tmp/run" sh -c 'true & wait; exec true' || fail "sh"
set -- "$tmp"/run/*.tshm
[ $# -ge 3 ] || fail "only $# ledgers"
"$TSHM_TEST_BIN/fuzz/fuzz_reader" "$@" || fail "status $?"
echo "$# ledgers and their damages were read"
