#!/bin/sh
# SPDX-License-Identifier: MIT
# Other libraries that are preloaded, before us and after us: allocators, sanitizers, and others
# that take over functions of libc.  With both a program is served as with the other alone.  (Not
# libtsan: preloaded it crashes programs that were built without, a shell for one.)
here=$(dirname "$0")/..
# shellcheck source=tests/harmless/lib.sh
. "$here/harmless/lib.sh"
# libfaketime leaves its own names when a program goes by execve.
at_end() {
	find /dev/shm -maxdepth 1 -type f \( -name 'faketime_shm_*' -o -name 'sem.faketime_sem_*' \) -user "$(id -u)" \
		-newer "$tmp/begin" -exec rm -f {} +
}
make_tmp
mkdir "$tmp/ledgers"
: >"$tmp/begin"

# Paths are asked of the loader's cache, or found where packages put them.
find_library() {
	ldconfig -p 2>/dev/null | sed -n "s/^[[:space:]]*$1 .*x86-64.* => //p" | head -n 1
}
there=0
try() {
	try_path=$(find_library "$1")
	[ -n "$try_path" ] || for try_path in "/usr/lib/x86_64-linux-gnu/$1" "/usr/lib/x86_64-linux-gnu/faketime/$1" \
		"/usr/lib/heaptrack/$1" ""; do [ ! -f "$try_path" ] || break; done
	[ -n "$try_path" ] || { echo "$1: not here"; return 0; }
	there=$((there + 1))
	before=$(ledgers_in "$tmp/ledgers")
	other() { LD_PRELOAD=$try_path "$@"; }
	SAME_BEFORE=$try_path SAME_AFTER=
	same_as "$1 before us" "$tmp/ledgers" other
	SAME_BEFORE='' SAME_AFTER=$try_path
	[ "$1" = libasan.so.8 ] || same_as "$1 after us" "$tmp/ledgers" other	# it refuses to be second
	[ "$(ledgers_in "$tmp/ledgers")" -gt "$before" ] || fail "$1: no ledger"
}
ASAN_OPTIONS=detect_leaks=0
export ASAN_OPTIONS
for library in libasan.so.8 libjemalloc.so.2 libtcmalloc_minimal.so.4 libeatmydata.so libfaketime.so.1; do
	try "$library"
done
[ $there -gt 0 ] || skip "no other library is here"

# heaptrack preloads its own library by its own means.
if command -v heaptrack >/dev/null 2>&1; then
	LD_PRELOAD=$TSHM_LIB TSHM_DIR=$tmp/ledgers heaptrack -o "$tmp/heap" "$TSHM_TEST_BIN/harmless/many" 50 >"$tmp/said" 2>&1 ||
		fail "heaptrack: $(tail -n 5 "$tmp/said")"
	echo "heaptrack: fine"
fi
