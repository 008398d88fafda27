#!/bin/sh
# SPDX-License-Identifier: MIT
# Where there is no room for ledgers, or soon none, a program is served as without tshm: no SIGBUS,
# no SIGXFSZ, no other result, no message.  What is not recorded is counted and told.
here=$(dirname "$0")/..
# shellcheck source=tests/harmless/lib.sh
. "$here/harmless/lib.sh"
at_end() { rm -f "/dev/shm/$tag"; [ ! -d "$tmp/small" ] || umount "$tmp/small" 2>/dev/null; }
make_tmp
mkdir "$tmp/ledgers" "$tmp/read-only" "$tmp/gone" "$tmp/small"

same_as "nothing special" "$tmp/ledgers"
[ "$(ledgers_in "$tmp/ledgers")" -gt 0 ] || fail "no ledger: the library was not there"
same_as "no such directory" "$tmp/nowhere"
chmod 500 "$tmp/read-only"
same_as "a directory that cannot be written" "$tmp/read-only"
same_as "a file for a directory" "$tmp/bare"

limited() { (ulimit "$1" "$2" && shift 2 && "$@"); }
ignored() { (trap '' XFSZ && limited "$@"); }
same_as "RLIMIT_FSIZE 0, ignored" "$tmp/ledgers" ignored -f 0
(ulimit -f 0 && preloaded "$tmp/ledgers" "$TSHM_TEST_BIN/harmless/many" 900) || fail "RLIMIT_FSIZE 0: status $?"
(ulimit -f 64 && preloaded "$tmp/ledgers" "$TSHM_TEST_BIN/harmless/many" 900) || fail "RLIMIT_FSIZE of 64 KiB: status $?"
same_as "RLIMIT_FSIZE of 32 KiB" "$tmp/ledgers" limited -f 32
same_as "RLIMIT_AS of 24 MB" "$tmp/ledgers" limited -v 24000
same_as "RLIMIT_NOFILE 64" "$tmp/ledgers" limited -n 64
same_as "RLIMIT_MEMLOCK 0" "$tmp/ledgers" limited -l 0

# The shell has a ledger there; what it starts then can have none.
preloaded "$tmp/gone" sh -c 'rm -rf "$TSHM_DIR"; "$0" 50; "$0" 50 & wait $!' "$TSHM_TEST_BIN/harmless/many" ||
	fail "a directory that vanishes: status $?"
preloaded "$tmp/ledgers" "$TSHM_TEST_BIN/harmless/many" 300 locked || fail "mlockall: status $?"

# A run whose directory is too small: 4,000 descriptors and mappings; the ledger takes 1 MB and more.
[ "$(id -u)" -eq 0 ] || { echo "no tmpfs of our own: not root"; exit 0; }
mount -t tmpfs -o size=200k,mode=700 tmpfs "$tmp/small" 2>/dev/null || { echo "no tmpfs of our own"; exit 0; }
same_as "a small tmpfs" "$tmp/small"
rm -f "$tmp/small"/*
preloaded "$tmp/small" "$TSHM_TEST_BIN/harmless/many" 900 || fail "many, on a small tmpfs: status $?"
"$TSHM_REPORT" -v "$tmp/small"/*.tshm >"$tmp/report"
grep -q "resources of .*many .* found no room in the ledger" "$tmp/report" ||
	fail "the report does not say what was lost:" "$(cat "$tmp/report")"
dd if=/dev/zero of="$tmp/small/full" bs=4k 2>/dev/null
preloaded "$tmp/small" "$TSHM_TEST_BIN/harmless/many" 900 || fail "many, on a full tmpfs: status $?"
same_as "a full tmpfs" "$tmp/small"
echo "and the report says what was lost"
