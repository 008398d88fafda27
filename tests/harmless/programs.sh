#!/bin/sh
# SPDX-License-Identifier: MIT
# Programs of other kinds: one whose libraries close descriptors in their constructors (setpriv),
# one with ThreadSanitizer, a static one, one of another libc (musl), one with other privileges.
here=$(dirname "$0")/..
# shellcheck source=tests/harmless/lib.sh
. "$here/harmless/lib.sh"
at_end() { rm -f "$tmp/program"; }
make_tmp
mkdir "$tmp/ledgers"
chmod 755 "$tmp"

if command -v setpriv >/dev/null 2>&1; then
	setpriv --dump >"$tmp/bare" 2>&1
	preloaded "$tmp/ledgers" setpriv --dump >"$tmp/preloaded" 2>&1 || fail "setpriv: status $?"
	diff "$tmp/bare" "$tmp/preloaded" || fail "setpriv differs"
	echo "setpriv: fine"
fi

many=$here/harmless/many.c
if cc -w -D_GNU_SOURCE -fsanitize=thread -o "$tmp/program" "$many" 2>/dev/null && "$tmp/program" 50; then
	preloaded "$tmp/ledgers" "$tmp/program" 50 || fail "with ThreadSanitizer: status $?"
	echo "ThreadSanitizer: fine"
fi
if cc -w -D_GNU_SOURCE -static -o "$tmp/program" "$many" 2>/dev/null; then
	preloaded "$tmp/ledgers" "$tmp/program" 50 || fail "a static program: status $?"
	echo "static: fine"
fi
# musl's loader is given the library too: it must do without what only glibc has.
if command -v musl-gcc >/dev/null 2>&1 && musl-gcc -w -D_GNU_SOURCE -o "$tmp/program" "$many" 2>/dev/null; then
	before=$(ledgers_in "$tmp/ledgers")
	preloaded "$tmp/ledgers" "$tmp/program" 50 >"$tmp/said" 2>&1
	status=$?
	[ $status -eq 0 ] || fail "musl: status $status: $(head -n 3 "$tmp/said")"
	echo "musl: fine, $(($(ledgers_in "$tmp/ledgers") - before)) ledgers"
fi
if [ "$(id -u)" -eq 0 ] && cc -w -D_GNU_SOURCE -o "$tmp/program" "$many" && chmod 6755 "$tmp/program" &&
	command -v setpriv >/dev/null 2>&1; then
	chmod 733 "$tmp/ledgers"
	setpriv --reuid=65534 --regid=65534 --clear-groups env TSHM_DIR="$tmp/ledgers" LD_PRELOAD="$TSHM_LIB" \
		"$tmp/program" 50 2>"$tmp/said" || fail "set-user-ID: status $?: $(head -n 3 "$tmp/said")"
	echo "set-user-ID: fine"
fi
