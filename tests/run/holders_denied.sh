#!/bin/sh
# SPDX-License-Identifier: MIT
# Where a holder may not be looked at, --holders says why, and the report goes on.
here=$(dirname "$0")/..
# shellcheck source=tests/lib.sh
. "$here/lib.sh"
need "$PYTHON"
# root may look at everything: both are somebody else's then.
if [ "$(id -u)" -eq 0 ]; then
	need setpriv
	as="setpriv --reuid=65534 --regid=65534 --clear-groups"
	# shellcheck disable=SC2086 # words
	$as test -x "$TSHM_TEST_BIN/run/holder" -a -x "$TSHM_REPORT" -a -r "$TSHM_LIB" || skip "others may not run what was built here"
fi
# shellcheck source=tests/run/holder.sh
. "$here/run/holder.sh"
make_tmp
umask 0

# shellcheck disable=SC2086 # words
look() {
	$as env TSHM_DIR="$tmp/pool" "$TSHM_REPORT" --no-symbol-cache --holders "$@" >"$tmp/out" 2>"$tmp/err" || {
		cat "$tmp/err" >&2
		fail "status $? of --holders $*"
	}
}

# denied MODE TEXT: the holder is named, it is told why, and nothing is advised that would harm it.
denied() {
	start_holder "$1"
	look
	! grep -q 'built without' "$tmp/out" || skip "no libunwind-ptrace"
	wanted=$2
	[ "$wanted" != traced ] || wanted="process $tracer traces it already"
	grep -qF "not known: $wanted" "$tmp/out" || { cat "$tmp/out" >&2; fail "$1: the text does not say: $wanted"; }
	grep -q "note shm-leaked: segment $name .* is live" "$tmp/out" || { cat "$tmp/out" >&2; fail "$1: the segment is not live"; }
	! grep -q 'rm /dev/shm' "$tmp/out" || { cat "$tmp/out" >&2; fail "$1: it advises to remove what is in use"; }
	grep -q '^SUMMARY' "$tmp/out" || fail "$1: the report did not go on"
	look --format=json
	"$PYTHON" "$here/schema/validate.py" "$tmp/out" || [ $? -eq 77 ] || fail "$1: the JSON does not follow the schema"
	grep -qF "\"denied\": \"$wanted" "$tmp/out" || fail "$1: the JSON does not say: $wanted"
	end_holder
	[ "$said" = "disturbed 0" ] || fail "$1: calls were interrupted: $said"
	rm -rf "$tmp/pool"
}

denied hidden 'it may not be dumped'
denied traced traced
echo "it says why"
