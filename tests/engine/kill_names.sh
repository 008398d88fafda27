#!/bin/sh
# SPDX-License-Identifier: MIT
# Children that make and remove names, by one thread or 16, are killed at random moments, TSHM_TEST_KILLS
# times.  Every ledger can be read, and every
# name that is left afterwards must be live in a ledger, and the report must name its creator,
# whose pid the name contains: otherwise nobody could say whose it is.
here=$(dirname "$0")/..
# shellcheck source=tests/lib.sh
. "$here/lib.sh"
: "${TSHM_TEST_BIN:=build/tests}"
tag=tshm-test-kill-$$
# sem_open() makes sem.XXXXXX first; who is killed then leaves it, and no other needs it for a second.
at_end() {
	find /dev/shm -maxdepth 1 ! -type d -name "*$tag-*" -exec rm -f {} +
	find /dev/shm -maxdepth 1 -type f -name 'sem.??????' -size 32c -links 1 -user "$(id -u)" -newer "$tmp/ledgers-begin" \
		! -newermt '1 second ago' -exec rm -f {} +
}
need "$PYTHON"
make_tmp
mkdir "$tmp/ledgers"
: >"$tmp/ledgers-begin"

preloaded "$tmp/ledgers" "$TSHM_TEST_BIN/engine/kill_names" "${TSHM_TEST_KILLS:-50}" "$tag" || fail "kill_names: status $?"
find /dev/shm -maxdepth 1 ! -type d -name "*$tag-*" | LC_ALL=C sort >"$tmp/left"
find "$tmp/ledgers" -name '*.tshm' -exec "$TSHM_TEST_BIN/engine/ledger_names" {} + >"$tmp/names" || fail "ledger_names"
LC_ALL=C sort -u "$tmp/names" >"$tmp/recorded"
unknown=$(LC_ALL=C comm -23 "$tmp/left" "$tmp/recorded")
[ -z "$unknown" ] || fail "left, and in no ledger:" "$unknown"

find "$tmp/ledgers" -name '*.tshm' -exec "$TSHM_REPORT" --format=json -o "$tmp/report.json" {} + 2>"$tmp/said" || fail "tshm-report: status $?"
"$PYTHON" - "$tag" "$tmp/left" "$tmp/report.json" <<'END' || fail "the report does not name the creator of every name"
import json, sys
tag, left, report = sys.argv[1:]
data = json.load(open(report))
creators = {o["name"]: o["creator"]["pid"] for o in data["objects"]
            if o["state"] == "leaked" and o["creator"]}
wrong = 0
for name in open(left).read().split():
    pid = int(name.split(tag + "-")[1].split("-")[0])
    if creators.get(name) != pid:
        print(f"{name}: creator {creators.get(name)}, not {pid}", file=sys.stderr)
        wrong = 1
for f in data["findings"]:
    if f["rule"] == "history-lost":
        print("note:", f["message"])
sys.exit(wrong)
END
[ ! -s "$tmp/said" ] || fail "what tshm-report says of the ledgers:" "$(cat "$tmp/said")"
echo "$(find "$tmp/ledgers" -name '*.tshm' | wc -l) ledgers; $(wc -l <"$tmp/left") names left, all known"
