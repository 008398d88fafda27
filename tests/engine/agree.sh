#!/bin/sh
# SPDX-License-Identifier: MIT
# After 16 threads made TSHM_TEST_OPS calls and the process was killed, the ledger and the kernel
# agree about every descriptor, and the ledger is as large as after the first thousand calls.
here=$(dirname "$0")/..
# shellcheck source=tests/lib.sh
. "$here/lib.sh"
: "${TSHM_TEST_BIN:=build/tests}"
make_tmp
mkdir "$tmp/ledgers"

"$TSHM_TEST_BIN/engine/agree" >"$tmp/inherited" || fail "agree, bare"
preloaded "$tmp/ledgers" "$TSHM_TEST_BIN/engine/agree" "${TSHM_TEST_OPS:-200000}" \
	"$tmp/fds" "$tmp/blocks" "$tmp/inherited"
status=$?
[ $status -eq 137 ] || fail "agree: status $status instead of SIGKILL's 137"
"$TSHM_TEST_BIN/engine/ledger_fds" "$tmp/ledgers"/*.tshm >"$tmp/recorded" || fail "ledger_fds"
sort -n "$tmp/recorded" >"$tmp/sorted"
diff "$tmp/fds" "$tmp/sorted" || fail "the kernel (<) and the ledger (>) differ"
read -r first last <"$tmp/blocks"
[ "$first" -gt 0 ] || fail "no ledger?"
[ "$first" -eq "$last" ] || fail "the ledger had $first blocks after the first calls and $last at the end"
echo "$(wc -l <"$tmp/sorted") descriptors agree; $first blocks"
