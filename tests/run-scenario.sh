#!/bin/sh
# SPDX-License-Identifier: MIT
# run-scenario.sh PROGRAM: run a scenario under tshm-run and compare what is reported with what
# it says must be.  77: skipped.
here=$(dirname "$0")
# shellcheck source=tests/lib.sh
. "$here/lib.sh"
[ $# -eq 1 ] || fail "usage: run-scenario.sh PROGRAM"
program=$1
case $program in */*) ;; *) program=./$program ;; esac
stem=$(basename "$program" .scn)
[ -x "$TSHM_RUN" ] || skip "no $TSHM_RUN"
need "$PYTHON"

at_end() {
	exec 3>&-
	pid=$(sed -n 's/^# pid //p' "$tmp/said" | head -n 1)
	[ -n "$pid" ] || return 0
	remove_names "$pid"
	remove_sysv "$pid"
	# Names that the scenario did not choose.
	sed -n 's/^# left //p' "$tmp/said" | while read -r left; do rm -f "$left"; done
	# Queues cannot be listed where they are not mounted, but what was left was told.
	# shellcheck disable=SC2046 # words
	"$PYTHON" "$here/remove-queues.py" $(sed -n 's/^EXPECT mq-[a-z]* .*\(tshm-test-[^ ]*\).*/\1/p' "$tmp/said")
}
make_tmp
mkdir "$tmp/run"
: >"$tmp/said"
# Standard input is a pipe that ends when we say so: a child may outlive the command by it.
mkfifo "$tmp/in" || fail "mkfifo"
exec 3<>"$tmp/in"
wait=
case $stem in shm_live_holder | bypass_live | shm_mapped_live) wait=--wait=1 ;; esac

# shellcheck disable=SC2086 # $wait is one word or none
"$TSHM_RUN" -o "$tmp/run" $wait --report=json:"$tmp/report.json" -- "$program" <"$tmp/in" 3>&- >"$tmp/said" 2>"$tmp/errors"
status=$?
if [ $status -ne 0 ]; then
	cat "$tmp/errors" >&2
	[ $status -ne 77 ] || exit 77
	fail "$program under tshm-run: status $status"
fi
"$PYTHON" "$here/compare-findings.py" "$stem" "$tmp/said" "$tmp/report.json" || {
	cat "$tmp/errors" >&2
	exit 1
}
