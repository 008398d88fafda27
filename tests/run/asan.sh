#!/bin/sh
# SPDX-License-Identifier: MIT
# A program built with the address sanitizer runs under tshm-run, is observed, and nothing of that
# is done to others.
here=$(dirname "$0")/..
. "$here/lib.sh"
make_tmp
: "${CC:=cc}"
need "${CC%% *}"
cat >"$tmp/prog.c" <<'END'
#include <stdio.h>
#include <stdlib.h>
int main(void) { const char *list = getenv("LD_PRELOAD"); printf("%s\n", list ? list : ""); return 0; }
END
$CC -fsanitize=address -g -o "$tmp/prog" "$tmp/prog.c" 2>"$tmp/err" && "$tmp/prog" >/dev/null 2>&1 || skip "no address sanitizer"
"$TSHM_RUN" -o "$tmp/run" --gate -- "$tmp/prog" </dev/null >"$tmp/out" 2>"$tmp/err" || { cat "$tmp/err" >&2; fail "status $?"; }
if readelf -d "$tmp/prog" 2>/dev/null | grep -q 'NEEDED.*libasan'; then
	grep -q '^libasan.so[^:]*:.*libtshm.so' "$tmp/out" || fail "LD_PRELOAD is $(cat "$tmp/out")"
fi
$CC -g -o "$tmp/prog" "$tmp/prog.c" || fail "compiler"
"$TSHM_RUN" -o "$tmp/plain" -- "$tmp/prog" </dev/null >"$tmp/out" 2>"$tmp/err" || fail "status $?"
! grep -q asan "$tmp/out" || fail "libasan is preloaded into a plain program"
echo "sanitized programs run"
