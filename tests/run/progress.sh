#!/bin/sh
# SPDX-License-Identifier: MIT
# Long work says on a terminal how far it has come, and wipes that out; into a pipe it says nothing.
here=$(dirname "$0")/..
# shellcheck source=tests/lib.sh
. "$here/lib.sh"
need "$PYTHON"
[ -x "$TSHM_REPORT" ] || skip "no $TSHM_REPORT"
pid=
at_end() { [ -z "$pid" ] || kill "$pid" 2>/dev/null; }
make_tmp
cat >"$tmp/on_terminal.py" <<'END'
import os
import pty
import subprocess
import sys
ours, theirs = pty.openpty()
with open(sys.argv[1], "wb") as out:
    process = subprocess.Popen(sys.argv[2:], stdout=out, stderr=theirs, env={**os.environ, "TERM": "xterm"})
os.close(theirs)
said = b""
while True:
    try:
        some = os.read(ours, 4096)
    except OSError:
        break
    if not some:
        break
    said += some
sys.stdout.buffer.write(said)
sys.exit(process.wait())
END
mkdir "$tmp/run"
preloaded "$tmp/run" sleep 30 &
pid=$!
for _ in 1 2 3 4 5 6 7 8 9 10; do
	ls "$tmp"/run/*/*.tshm >/dev/null 2>&1 && break
	ls "$tmp"/run/*.tshm >/dev/null 2>&1 && break
	sleep 0.2
done
run=$(find "$tmp/run" -name '*.tshm' | head -n 1)
[ -n "$run" ] || skip "no ledger"
"$PYTHON" "$tmp/on_terminal.py" "$tmp/out" "$TSHM_REPORT" --wait=1.2 "$run" >"$tmp/said" || fail "status $?: $(cat "$tmp/said")"
grep -q 'waiting for the run to end' "$tmp/said" || fail "nothing is said: $(cat -v "$tmp/said")"
[ "$(tail -c 4 "$tmp/said" | od -An -c | tr -d ' ')" = '\r033[K' ] || fail "something is left: $(cat -v "$tmp/said")"
grep -q '^SUMMARY: ' "$tmp/out" || fail "no report"
"$TSHM_REPORT" --wait=1.2 "$run" >"$tmp/out" 2>"$tmp/said" || fail "status $?"
[ ! -s "$tmp/said" ] || fail "it talks into a pipe: $(cat -v "$tmp/said")"
echo "progress is told to terminals only"
