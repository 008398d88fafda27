#!/bin/sh
# SPDX-License-Identifier: MIT
# The bench runs and has every row.  How long anything takes is not judged here.
here=$(dirname "$0")
# shellcheck source=tests/lib.sh
. "$here/../lib.sh"
need "$PYTHON"
make_tmp
at_end() { :; }
"$PYTHON" "$here/bench.py" --rounds 1 --count 5 --quick --json "$tmp/bench.json" >"$tmp/table" ||
	fail "bench.py: status $?"
"$PYTHON" - "$tmp/bench.json" <<'END' || { cat "$tmp/table"; fail "a row is missing"; }
import json, sys
rows = json.load(open(sys.argv[1]))["rows"]
bad = [name for name, r in rows.items() if not r or not ({"tshm", "depth=0"} <= set(r) or r.get("skipped")
       or (name == "dataloader" and "tshm" in r))]
sys.exit(f"not measured: {bad}" if bad or len(rows) < 18 else 0)
END
