#!/bin/sh
# SPDX-License-Identifier: MIT
# Reports of real runs follow the schema: one that is clean, some that leak, one that was killed; and
# what --system and --reap tell of what is there now, while other tests make and remove names.
# 77: skipped.
here=$(dirname "$0")/..
. "$here/lib.sh"
[ -x "$TSHM_RUN" ] || skip "no $TSHM_RUN"
need "$PYTHON"
"$PYTHON" -c 'import jsonschema' 2>/dev/null || skip "python3-jsonschema is missing"

at_end() {
	for pid in $(sed -n 's/^# pid //p' "$tmp"/*.said 2>/dev/null); do
		remove_names "$pid"
		remove_sysv "$pid"
	done
}
make_tmp
set --
for stem in clean_share clean_pass shm_leak shm_leak_killed sysv_leak fd_leak exec_chain unobserved_child; do
	for program in "$TSHM_TEST_BIN/scenarios/$stem" "$TSHM_TEST_BIN/scenarios/$stem.scn"; do
		[ -x "$program" ] || continue
		mkdir "$tmp/$stem"
		"$TSHM_RUN" -o "$tmp/$stem" --report=json:"$tmp/$stem.json" -- "$program" </dev/null >"$tmp/$stem.said" 2>"$tmp/errors"
		[ -s "$tmp/$stem.json" ] || { cat "$tmp/errors" >&2; fail "$program: no report"; }
		set -- "$@" "$tmp/$stem.json"
	done
done
for stem in ipc held processes; do
	mkdir -p "$tmp/made/$stem"
	"$TSHM_TEST_BIN/golden/golden" $stem "$tmp/made/$stem" || fail "$stem: no ledgers"
	"$TSHM_REPORT" --format=json -o "$tmp/made-$stem.json" "$tmp/made/$stem" || fail "$stem: tshm-report: status $?"
	set -- "$@" "$tmp/made-$stem.json"
done
for option in --system --reap "--reap --older=0"; do
	# shellcheck disable=SC2086 # words
	"$TSHM_REPORT" $option --format=json -o "$tmp/system $option.json" || fail "$option: status $?"
	set -- "$@" "$tmp/system $option.json"
done
[ $# -gt 0 ] || skip "no scenario was built"
"$PYTHON" "$here/schema/validate.py" "$@" || fail "$# reports: see above"

# What is no report must not pass.
for schema in tshm-report/1 tshm-system/1 other/1; do
	printf '{"schema":"%s"}' $schema >"$tmp/bad.json"
	if "$PYTHON" "$here/schema/validate.py" "$tmp/bad.json" 2>/dev/null; then
		fail "validate.py takes anything as $schema"
	fi
done
echo "$# reports follow the schema"
