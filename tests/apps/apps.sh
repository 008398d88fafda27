# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Helpers of the application tests: each script here runs a real program bare and under tshm,
# and asserts that it behaved the same and what the report says of it.  Sourced, not run.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
: "${TSHM_RUN:=$here/../../build/tshm-run}" "${TSHM_REPORT:=$here/../../build/tshm-report}"
test_name=$(basename "$0" .sh)
failures=0

skip() {
	printf 'SKIP %s: %s\n' "$test_name" "$*"
	exit 77
}

# need COMMAND...: all of them, or the test is skipped.
need() {
	local command
	for command; do
		command -v "$command" >/dev/null || skip "no $command"
	done
}

fail() {
	printf 'FAIL %s: %s\n' "$test_name" "$*"
	failures=$((failures + 1))
}

pass() {
	printf 'ok   %s: %s\n' "$test_name" "$*"
}

end_of_test() {
	trap - EXIT
	clean_up
	((failures == 0)) || exit 1
	exit 0
}

# A test puts what it must undo into undo(), which is called however the script ends.
undo() { :; }

clean_up() {
	undo
	rm -rf "$work" "$runs"
}

# The command under tshm: quiet FILES.  $1 names the run; its report is $work/$1.json.
under_tshm() {
	local name=$1
	shift
	"$TSHM_RUN" -o "$runs/$name" --report=json:"$work/$name.json" -- "$@"
}

# audit NAME COMMAND...: bare, then under tshm; the same standard output and the same status.
audit() {
	local name=$1 bare audited
	shift
	"$@" >"$work/$name.bare.out" 2>"$work/$name.bare.err" </dev/null
	bare=$?
	under_tshm "$name" "$@" >"$work/$name.out" 2>"$work/$name.err" </dev/null
	audited=$?
	if ((bare != audited)); then
		fail "$name: exit status $audited under tshm, $bare without"
		tail -n 20 "$work/$name.err"
	elif ! cmp -s "$work/$name.bare.out" "$work/$name.out"; then
		fail "$name: other output under tshm"
		diff "$work/$name.bare.out" "$work/$name.out" | head -n 20
	elif [[ ! -s $work/$name.json ]]; then
		fail "$name: no report"
		tail -n 20 "$work/$name.err"
	else
		pass "$name: same output, same status ($bare)"
	fi
}

# findings FILE SEVERITY...: one line each, "severity rule program: message".
findings() {
	python3 -c '
import json, sys
report = json.load(open(sys.argv[1]))
programs = {p["image"]: p["exe"].rsplit("/", 1)[-1] for p in report["processes"] if p.get("exe")}
for f in report["findings"]:
    if f["severity"] in sys.argv[2:] and not f.get("suppressed_by"):
        print(f["severity"], f["rule"], programs.get(f["image"], "-") + ":",
              " ".join(f["message"].splitlines()))
' "$@"
}

# number FILE KEY: a number of the summary.
number() {
	python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["summary"][sys.argv[2]])' "$@"
}

# unexpected NAME [PATTERN...]: errors and warnings that match none of the patterns, which are
# extended regular expressions on the lines of findings().
unexpected() {
	local name=$1 lines pattern
	shift
	# Names are the whole machine's: what appears may be another test's.
	lines=$(findings "$work/$name.json" error warning | grep -v '^warning shm-appeared ')
	for pattern; do
		lines=$(grep -vE -e "$pattern" <<<"$lines")
	done
	grep . <<<"$lines"
}

# clean NAME [PATTERN...]: nothing but the warnings that the patterns expect.
clean() {
	local name=$1 lines
	[[ -s $work/$name.json ]] || return
	lines=$(unexpected "$@")
	if [[ -n $lines ]]; then
		fail "$name: false findings:"
		printf '  %s\n' "$lines"
	else
		pass "$name: no false finding"
	fi
}

need python3
[[ -x $TSHM_RUN ]] || skip "no $TSHM_RUN"
[[ -x $TSHM_REPORT ]] || skip "no $TSHM_REPORT"
work=$(mktemp -d "${TMPDIR:-/tmp}/tshm-$test_name.XXXXXX")
runs=$(mktemp -d "/dev/shm/tshm-$test_name.XXXXXX")
# What reports keep of symbols is not the user's, and servers of them are not asked.
XDG_CACHE_HOME=$work/cache
: "${TSHM_SUPPRESSIONS_DEFAULT:=$here/../../report/tshm.supp}"
export XDG_CACHE_HOME TSHM_SUPPRESSIONS_DEFAULT
unset DEBUGINFOD_URLS
trap clean_up EXIT
trap 'exit 130' INT TERM
