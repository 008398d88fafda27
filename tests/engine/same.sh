#!/bin/sh
# SPDX-License-Identifier: MIT
# Calls that succeed and fail return the same and set the same errno, bare and preloaded.
here=$(dirname "$0")/..
# shellcheck source=tests/lib.sh
. "$here/lib.sh"
: "${TSHM_TEST_BIN:=build/tests}"
make_tmp
mkdir "$tmp/ledgers"
tag=tshm-test-same-$$

"$TSHM_TEST_BIN/engine/same" "$tag" </dev/null >"$tmp/bare" || fail "same, bare: status $?"
preloaded "$tmp/ledgers" "$TSHM_TEST_BIN/engine/same" "$tag" </dev/null >"$tmp/preloaded" ||
	fail "same, preloaded: status $?"
diff "$tmp/bare" "$tmp/preloaded" || fail "bare (<) and preloaded (>) differ"
set -- "$tmp/ledgers"/*.tshm
[ -f "$1" ] || fail "no ledger: the library was not there"

# libunwind keeps a pipe of its own; without it the numbers themselves must be the same too.
SAME_NUMBERS=1
export SAME_NUMBERS
"$TSHM_TEST_BIN/engine/same" "$tag" </dev/null >"$tmp/bare" || fail "same, bare: status $?"
TSHM_OPTIONS=unwinder=none preloaded "$tmp/ledgers" "$TSHM_TEST_BIN/engine/same" "$tag" </dev/null >"$tmp/preloaded" ||
	fail "same, preloaded without unwinder: status $?"
diff "$tmp/bare" "$tmp/preloaded" || fail "bare (<) and preloaded without unwinder (>) differ"
echo "$(wc -l <"$tmp/bare") lines are the same"
