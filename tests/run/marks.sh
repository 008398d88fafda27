#!/bin/sh
# SPDX-License-Identifier: MIT
# include/tshm.h: programs in C and C++, by gcc and clang, link and run without the library and with it;
# Python calls the same functions by ctypes; the report and the gate say what grew, with the line.
here=$(dirname "$0")/..
. "$here/lib.sh"
include=$(cd "$here/../include" && pwd)
make_tmp
cat >"$tmp/prog.c" <<'END'
#include <stdio.h>
#include <fcntl.h>
#include <unistd.h>
#include <tshm.h>
static int leak(void) { int fd = open("/dev/null", O_RDONLY); return fd; }
int main(void)
{
	int i;
	tshm_mark_begin("work");
	for (i = 0; i < 9; i++) leak();
	printf("%d %ld %ld %ld\n", tshm_active(), tshm_mark_growth("work", TSHM_WHAT_DESCRIPTORS), tshm_leak_check("work", 5),
	       tshm_leak_check("other", 5));
	return tshm_mark_end("work") == (tshm_active() ? 0 : -1) ? 0 : 1;
}
END
tried=0
for compiler in "gcc -std=c11" "gcc -std=gnu99 -O2" "clang -O2" "clang -O0" "g++ -x c++" "clang++ -x c++ -O2"; do
	command -v "${compiler%% *}" >/dev/null || continue
	# shellcheck disable=SC2086 # words
	$compiler -g -Wall -Wextra -Werror -I"$include" -o "$tmp/prog" "$tmp/prog.c" || fail "$compiler"
	[ "$(timeout 10 "$tmp/prog")" = "0 0 -1 -1" ] || fail "$compiler, without the library: $(timeout 10 "$tmp/prog")"
	rm -rf "$tmp/run"
	"$TSHM_RUN" -o "$tmp/run" --gate -- "$tmp/prog" >"$tmp/out" 2>"$tmp/err"
	status=$?
	[ $status -eq 1 ] || { cat "$tmp/err" >&2; fail "$compiler: the gate gave $status"; }
	[ "$(cat "$tmp/out")" = "1 9 4 -1" ] || fail "$compiler: $(cat "$tmp/out")"
	grep -q '^error fd-growth: 9 more descriptors were live at the end of mark "work"' "$tmp/err" || fail "$compiler: $(cat "$tmp/err")"
	grep -q 'prog.c:5' "$tmp/err" || fail "$compiler: no line: $(cat "$tmp/err")"
	tried=$((tried + 1))
done
[ $tried -gt 0 ] || skip "no compiler"

if command -v "$PYTHON" >/dev/null; then
	cat >"$tmp/marks.py" <<'END'
import ctypes, os
tshm = ctypes.CDLL(None)
if not hasattr(tshm, "tshm_mark_begin"):
    print("nothing")
    raise SystemExit
tshm.tshm_mark_begin(b"epoch")
keep = [os.memfd_create("x") for i in range(3)]
print(tshm.tshm_leak_check(b"epoch", 5))
tshm.tshm_mark_end(b"epoch")
END
	[ "$("$PYTHON" "$tmp/marks.py")" = nothing ] || fail "python without the library"
	"$TSHM_RUN" -o "$tmp/python" -- "$PYTHON" "$tmp/marks.py" >"$tmp/out" 2>"$tmp/err" || fail "python: $(cat "$tmp/err")"
	[ "$(cat "$tmp/out")" = 3 ] || fail "python: $(cat "$tmp/out")"
	grep -q '^error fd-growth: 3 more descriptors of segments and memfds were live at the end of mark "epoch"' "$tmp/err" ||
		fail "python: $(cat "$tmp/err")"
fi
echo "marks by $tried compilers"
