#!/bin/sh
# SPDX-License-Identifier: MIT
# What forked workers, spawned children, threads and PyTorch's DataLoader leak is told with the line of the program, in
# text, JSON, and every other format that has lines.
here=$(dirname "$0")/..
# shellcheck source=tests/lib.sh
. "$here/lib.sh"
make_tmp
program=$(cd "$here/python" && pwd)/lines.py
line_of() { grep -n "# LINE $1" "$program" | cut -d: -f1; }

at_end() {	# names that the program left on purpose
	"$PYTHON" - "$tmp"/*.json <<'END'
import json, os, sys
for file in sys.argv[1:]:
    for o in json.load(open(file))["objects"]:
        if o["state"] == "leaked" and (o["name"] or "").startswith("/dev/shm/psm_") and os.path.exists(o["name"]):
            os.unlink(o["name"])
END
}

# told CASE RULE PYTHON
told() {
	timeout 120 "$TSHM_RUN" -o "$tmp/$1" --report=json:"$tmp/$1.json" -- "$3" "$program" "$1" >"$tmp/out" 2>"$tmp/err" </dev/null ||
		{ cat "$tmp/err" >&2; fail "$1: status $?"; }
	[ "$(cat "$tmp/out")" = 0 ] || fail "$1: $(cat "$tmp/out")"
	awk -v rule="$2" -v line="lines.py:$(line_of "$1"))" '
		/^(error|warning|note) / { on = $2 == rule ":" }
		on && index($0, line) { found = 1 }
		END { exit !found }' "$tmp/err" || { cat "$tmp/err" >&2; fail "$1: the text has no $2 with lines.py:$(line_of "$1")"; }
	"$PYTHON" - "$tmp/$1.json" "$2" "$program" "$(line_of "$1")" <<'END' || fail "$1: not in JSON"
import json, sys
report, rule, program, line = json.load(open(sys.argv[1])), sys.argv[2], sys.argv[3], int(sys.argv[4])
found = [f for f in report["findings"] if f["rule"] == rule and f["severity"] != "note"]
assert found, [f["message"] for f in report["findings"]]
assert any((s["kind"], s["file"], s["line"]) == ("python", program, line) for f in found for s in f["stack"]), found
END
	if "$TSHM_REPORT" --help | grep -q sarif; then
		"$TSHM_REPORT" --format=sarif "$tmp/$1" >"$tmp/$1.sarif" || fail "$1: sarif"
		"$PYTHON" - "$tmp/$1.sarif" "$2" "$(line_of "$1")" <<'END' || fail "$1: not in SARIF"
import json, sys
results = [r for run in json.load(open(sys.argv[1]))["runs"] for r in run["results"] if r["ruleId"] == sys.argv[2]]
places = {(p["physicalLocation"]["artifactLocation"]["uri"].rsplit("/", 1)[-1], p["physicalLocation"]["region"]["startLine"])
          for r in results for p in r["locations"]}
assert ("lines.py", int(sys.argv[3])) in places, places
END
	fi
	cases="$cases $1"
}

need "$PYTHON"
"$PYTHON" -c 'from multiprocessing import shared_memory' 2>/dev/null || skip "no multiprocessing.shared_memory"
told worker fd-leaked "$PYTHON"
told spawn shm-leaked "$PYTHON"
told thread shm-leaked "$PYTHON"
if /usr/bin/python3 -c 'import torch' 2>/dev/null; then
	told loader fd-leaked /usr/bin/python3
fi
echo "told with their lines:$cases"
