#!/bin/sh
# SPDX-License-Identifier: MIT
# Where runs are kept, who may write there, and what the command's environment is.
here=$(dirname "$0")/..
. "$here/lib.sh"
make_tmp
quiet() { "$@" </dev/null 2>"$tmp/err" || { cat "$tmp/err" >&2; fail "$*: status $?"; }; }

# A pool that is told: made, and two runs have two names.
quiet env TSHM_DIR="$tmp/pool" "$TSHM_RUN" -- true
quiet env TSHM_DIR="$tmp/pool" "$TSHM_RUN" -- true
[ "$(find "$tmp/pool" -name run.json | wc -l)" -eq 2 ] || fail "not two runs in the pool"
[ "$(find "$tmp/pool" -name '*.tshm' | wc -l)" -eq 2 ] || fail "not two ledgers in the pool"
quiet env TSHM_DIR="$tmp/pool" "$TSHM_REPORT"

# One under another: two runs, and the inner one is not made inside of the outer one's.
quiet env XDG_RUNTIME_DIR="$tmp" TSHM_DIR="$tmp/pool2" "$TSHM_RUN" -- "$TSHM_RUN" -o "$tmp/inner" -- sh -c 'echo "$LD_PRELOAD" >"$1"' sh "$tmp/preload"
[ "$(find "$tmp/pool2" -name run.json | wc -l)" -eq 1 ] || fail "the inner run is in the outer one's"
[ "$(grep -o libtshm.so "$tmp/preload" | wc -l)" -eq 1 ] || fail "the library is listed twice"

# The environment: a list that was there stays, the library comes first; nothing else changes.
# sh -c, because some tools of their own accord change what env prints.
env LD_PRELOAD= "$TSHM_RUN" -o "$tmp/env" -- env </dev/null 2>"$tmp/err" | grep -v '^_=' | sort >"$tmp/under"
env LD_PRELOAD= env | grep -v '^_=' | sort >"$tmp/bare"
changed=$(diff "$tmp/bare" "$tmp/under" | sed -n 's/^[<>] \([A-Z_]*\)=.*/\1/p' | sort -u | tr '\n' ' ')
[ "$changed" = "LD_PRELOAD TSHM_BOOT TSHM_DIR " ] || fail "the environment changed in: $changed"
grep -q "^TSHM_DIR=$tmp/env\$" "$tmp/under" || fail "TSHM_DIR"

# A relative directory, a name that is no UTF-8, and a command with such an argument.
(cd "$tmp" && "$TSHM_RUN" -o relative -- printf '%s' "$(printf 'a\377b\tc')" </dev/null >/dev/null 2>"$tmp/err") || fail "relative"
[ -s "$tmp/relative/run.json" ] || fail "nothing in the relative directory"
"$TSHM_REPORT" "$tmp/relative" >/dev/null || fail "its run.json cannot be read"

# Root's run takes ledgers of programs that gave up root; an ordinary user's is his alone.
if [ "$(id -u)" -eq 0 ]; then
	chmod 711 "$tmp"
	[ "$(stat -c %a "$tmp/env")" = 1733 ] || fail "mode $(stat -c %a "$tmp/env")"
	command -v setpriv >/dev/null || skip "no setpriv"
	# In a checkout below /root the other user cannot load the library, whatever tshm-run does.
	library=$(grep -o '/[^: ]*libtshm\.so' "$tmp/preload")
	setpriv --reuid 65534 --regid 65534 --clear-groups sh -c 'test -r "$1"' sh "$library" ||
		skip "other users cannot read $library"
	quiet "$TSHM_RUN" --gate --report=json:"$tmp/drop.json" -o "$tmp/drop" -- \
		sh -c 'setpriv --reuid 65534 --regid 65534 --clear-groups sh -c "true | true"'
	[ "$(find "$tmp/drop" -name '*.tshm' -user 65534 | wc -l)" -ge 2 ] || fail "no ledger of the other user"
else
	[ "$(stat -c %a "$tmp/env")" = 700 ] || fail "mode $(stat -c %a "$tmp/env")"
fi
echo "places are right"
