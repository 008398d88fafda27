#!/bin/sh
# SPDX-License-Identifier: MIT
# What examples/ci/ tells CI to run does what it promises: on a program that leaks, on one that does not,
# and when the leak is in the baseline.
here=$(dirname "$0")/..
# shellcheck source=tests/lib.sh
. "$here/lib.sh"
need "$PYTHON"
"$PYTHON" -c 'import yaml' 2>/dev/null || skip "python3-yaml is missing"
examples=$(cd "$here/../examples/ci" && pwd) || fail "no examples"
leak=$TSHM_TEST_BIN/scenarios/shm_leak.scn
[ -x "$leak" ] || skip "no $leak"
at_end() { clean_names; }
clean_names() {
	for pid in $(sed -n 's/^# pid //p' "$tmp"/*/out 2>/dev/null); do
		remove_names "$pid"
	done
}
make_tmp

# The tools as a user has them: in the PATH, by their names.
mkdir "$tmp/bin"
for tool in "$TSHM_RUN" "$TSHM_REPORT"; do
	printf '#!/bin/sh\nexec "%s" "$@"\n' "$(cd "$(dirname "$tool")" && pwd)/$(basename "$tool")" >"$tmp/bin/$(basename "$tool")"
done
chmod +x "$tmp"/bin/*
PATH=$tmp/bin:$PATH
TSHM_DIR=$tmp/pool
mkdir "$TSHM_DIR"
export PATH TSHM_DIR

# expect STATUS EXAMPLE NAME: its commands, in the folder NAME, which has ./run-tests.
expect() {
	wanted=$1 status=0
	(cd "$tmp/$3" && sh "$tmp/$2.sh") >"$tmp/$3/out" 2>"$tmp/$3/err" </dev/null || status=$?
	clean_names
	[ $status -eq "$wanted" ] || fail "$2, $3: status $status, not $wanted: $(cat "$tmp/$3/err")"
	[ -s "$tmp/$3/tshm-junit.xml" ] && [ -s "$tmp/$3/tshm.sarif" ] || fail "$2, $3: no reports"
	"$PYTHON" "$here/schema/harmless.py" junit "$tmp/$3/tshm-junit.xml" || fail "$2, $3: JUnit"
	"$PYTHON" "$here/schema/harmless.py" sarif "$tmp/$3/tshm.sarif" || fail "$2, $3: SARIF"
}

# folder NAME COMMAND...: a project whose tests run it.
folder() {
	mkdir "$tmp/$1"
	printf '#!/bin/sh\nexec %s\n' "$2" >"$tmp/$1/run-tests"
	chmod +x "$tmp/$1/run-tests"
}

for example in github gitlab-ci; do
	"$PYTHON" "$here/run/ci_commands.py" "$examples/$example.yml" >"$tmp/$example.sh" || fail "$example.yml"
	grep -q 'tshm-run --gate' "$tmp/$example.sh" || fail "$example.yml runs nothing: $(cat "$tmp/$example.sh")"
	folder "$example-clean" true
	folder "$example-leak" "$leak"
	folder "$example-known" "$leak"
	folder "$example-fails" false

	expect 0 $example $example-clean
	expect 1 $example $example-leak
	grep -q '^gate: fail: 1 error, at most 0' "$tmp/$example-leak/err" || fail "$(cat "$tmp/$example-leak/err")"
	grep -q '<failure' "$tmp/$example-leak/tshm-junit.xml" || fail "$example: JUnit has no failure"

	# As the comment in it says.
	command=$(sed -n 's/.*commit it: *\(tshm-run --write-baseline.*\)/\1/p' "$examples/$example.yml")
	[ -n "$command" ] || fail "$example.yml does not say how a baseline is written"
	(cd "$tmp/$example-known" && sh -c "$command") >"$tmp/$example-known/out" 2>"$tmp/$example-known/err" ||
		fail "$command: $(cat "$tmp/$example-known/err")"
	clean_names
	expect 0 $example $example-known
	grep -q '^SUMMARY: .*, 1 known' "$tmp/$example-known/err" || fail "$(cat "$tmp/$example-known/err")"
	expect 1 $example $example-fails	# the command's own
done
grep -q '^::error .*title=tshm shm-leaked::' "$tmp/github-leak/err" || fail "no annotation: $(cat "$tmp/github-leak/err")"
echo "the examples for CI do what they promise"
