#!/bin/sh
# SPDX-License-Identifier: MIT
# What a report found of functions and lines is kept for the next one, which needs no file then;
# unless it is told not to; and nothing of it is the user's business or anybody else's.
here=$(dirname "$0")/..
. "$here/lib.sh"
make_tmp
demo=$(pwd)/examples/demo
[ -x "$demo" ] || skip "no $demo"
at_end() { rm -f /dev/shm/tshm-demo-*-"${pid:-none}" /dev/shm/sem.tshm-demo-*-"${pid:-none}"; }
report() { "$TSHM_REPORT" "$@" "$tmp/run" || fail "tshm-report $*: status $?"; }

cp "$demo" "$tmp/demo" || fail "cp"
"$TSHM_RUN" -o "$tmp/run" -- "$tmp/demo" >"$tmp/said" 2>&1
pid=$(sed -n 's/.*segment .*tshm-demo-[a-z]*-\([0-9]*\) .*/\1/p' "$tmp/said" | sed 1q)
grep -q 'by main (demo.c:' "$tmp/said" || skip "no debugging information in $demo"
[ "$(stat -c %a "$XDG_CACHE_HOME/tshm")" = 700 ] || fail "the directory's mode"
find "$XDG_CACHE_HOME/tshm" -name '*.sym' >"$tmp/kept"
[ -s "$tmp/kept" ] || fail "nothing was kept"
report >"$tmp/before"

mv "$tmp/demo" "$tmp/gone"
report >"$tmp/after"
diff "$tmp/before" "$tmp/after" >&2 || fail "another report without the file"
rm -r "$XDG_CACHE_HOME/tshm"
report >"$tmp/without"
grep -q 'the file is gone' "$tmp/without" || fail "lines out of nowhere"
mv "$tmp/gone" "$tmp/demo"

rm -r "$XDG_CACHE_HOME/tshm"
report --no-symbol-cache >"$tmp/not"
[ ! -e "$XDG_CACHE_HOME/tshm" ] || fail "--no-symbol-cache kept something"
diff "$tmp/before" "$tmp/not" >&2 || fail "another report without the cache"

# Nowhere to keep it is no fault.
for place in /dev/null "$tmp/demo" "$tmp/nowhere/at/all" ""; do
	XDG_CACHE_HOME=$place HOME=$place report >"$tmp/not" 2>"$tmp/errors"
	[ ! -s "$tmp/errors" ] || fail "XDG_CACHE_HOME=$place: $(cat "$tmp/errors")"
	diff "$tmp/before" "$tmp/not" >&2 || fail "another report with XDG_CACHE_HOME=$place"
done
