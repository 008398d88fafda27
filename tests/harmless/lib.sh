# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# For tests of the same kind: a program (tests/engine/same) says what forty calls return, bare and
# preloaded under the same conditions, and both must be the same.  Sourced with $here set.
# shellcheck source=tests/lib.sh
. "$here/lib.sh"
: "${TSHM_TEST_BIN:=build/tests}"
tag=tshm-test-harmless-$$
SAME_NUMBERS=1
export SAME_NUMBERS

# same_as WHAT DIR COMMAND...: COMMAND, which runs "$@" with what it gets, bare and with ledgers in DIR.
# By way of pipes: a limit of file sizes is for the ledgers alone.
same_as() {
	same_what=$1 same_dir=$2
	shift 2
	("$@" env "$TSHM_TEST_BIN/engine/same" "$tag" </dev/null 2>&1; echo "status $?") | cat >"$tmp/bare"
	("$@" env TSHM_DIR="$same_dir" LD_PRELOAD="${SAME_BEFORE:+$SAME_BEFORE:}$TSHM_LIB${SAME_AFTER:+:$SAME_AFTER}" \
		"$TSHM_TEST_BIN/engine/same" "$tag" </dev/null 2>&1; echo "status $?") | cat >"$tmp/preloaded"
	diff "$tmp/bare" "$tmp/preloaded" || fail "$same_what: bare (<) and preloaded (>) differ"
	echo "$same_what: $(wc -l <"$tmp/bare") lines are the same"
}

ledgers_in() { find "$1" -name '*.tshm' | wc -l; }
