#!/bin/sh
# SPDX-License-Identifier: MIT
# Small runs of the kind that make bench-scale makes large: the report counts all that is in them.
# How long anything takes is not judged here.
here=$(dirname "$0")
# shellcheck source=tests/lib.sh
. "$here/../lib.sh"
need "$PYTHON"
make_tmp
at_end() { :; }
"$PYTHON" "$here/scale.py" --rounds 1 --ledgers 50 --objects 1000 --each 300 --counts --json "$tmp/scale.json" ||
	fail "scale.py: status $?"
"$PYTHON" - "$tmp/scale.json" <<'END' || fail "counts are wrong"
import json, sys
told = json.load(open(sys.argv[1]))
print(json.dumps({what: t["counts"] for what, t in told.items()}))
ledgers, objects = told["ledgers"]["counts"], told["objects"]["counts"]
wrong = [ledgers["processes"] != 50, ledgers["leaked"] != 3, ledgers["sites"] < 200,
         objects["processes"] != 5, objects["live"] != 1000, objects["leaked"] != 0]
sys.exit(any(wrong))
END
