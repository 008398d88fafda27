#!/bin/sh
# SPDX-License-Identifier: MIT
# A busy process of 16 threads is stopped TSHM_TEST_STOPS times, each time twice with running in
# between: no difference between its ledger and the kernel is there at both.
here=$(dirname "$0")/..
# shellcheck source=tests/lib.sh
. "$here/lib.sh"
: "${TSHM_TEST_BIN:=build/tests}"
make_tmp
mkdir "$tmp/ledgers"
"$TSHM_TEST_BIN/engine/stops" "${TSHM_TEST_STOPS:-30}" "$tmp/ledgers" || fail "the kernel and the ledger differ, or stops failed"
