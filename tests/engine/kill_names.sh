#!/bin/sh
# SPDX-License-Identifier: MIT
# Children that make and remove names are killed at random moments, TSHM_TEST_KILLS times.  Every
# name that is left afterwards must be live in a ledger, and the report must name its creator,
# whose pid the name contains: otherwise nobody could say whose it is.
here=$(dirname "$0")/..
# shellcheck source=tests/lib.sh
. "$here/lib.sh"
: "${TSHM_TEST_BIN:=build/tests}"
tag=tshm-test-kill-$$
at_end() { find /dev/shm -maxdepth 1 ! -type d -name "*$tag-*" -exec rm -f {} +; }
need "$PYTHON"
make_tmp
mkdir "$tmp/ledgers"

preloaded "$tmp/ledgers" "$TSHM_TEST_BIN/engine/kill_names" "${TSHM_TEST_KILLS:-50}" "$tag" || fail "kill_names: status $?"
find /dev/shm -maxdepth 1 ! -type d -name "*$tag-*" | LC_ALL=C sort >"$tmp/left"
find "$tmp/ledgers" -name '*.tshm' -exec "$TSHM_TEST_BIN/engine/ledger_names" {} + >"$tmp/names" || fail "ledger_names"
LC_ALL=C sort -u "$tmp/names" >"$tmp/recorded"
unknown=$(LC_ALL=C comm -23 "$tmp/left" "$tmp/recorded")
[ -z "$unknown" ] || fail "left, and in no ledger:" "$unknown"

find "$tmp/ledgers" -name '*.tshm' -exec "$TSHM_REPORT" --format=json -o "$tmp/report.json" {} + || fail "tshm-report: status $?"
"$PYTHON" - "$tag" "$tmp/left" "$tmp/report.json" <<'END' || fail "the report does not name the creator of every name"
import json, sys
tag, left, report = sys.argv[1:]
creators = {o["name"]: o["creator"]["pid"] for o in json.load(open(report))["objects"]
            if o["state"] == "leaked" and o["creator"]}
wrong = 0
for name in open(left).read().split():
    pid = int(name.split(tag + "-")[1].split("-")[0])
    if creators.get(name) != pid:
        print(f"{name}: creator {creators.get(name)}, not {pid}", file=sys.stderr)
        wrong = 1
sys.exit(wrong)
END
echo "$(wc -l <"$tmp/left") names left, all known"
