#!/bin/sh
# SPDX-License-Identifier: MIT
# The frames of a program with debugging information are what addr2line finds too, the inlined
# ones as well; and the bench of them runs.  How long anything takes is not judged here.
here=$(dirname "$0")
# shellcheck source=tests/lib.sh
. "$here/../lib.sh"
: "${TSHM_TEST_BIN:=build/tests}"
need "$PYTHON" addr2line
make_tmp
program=$TSHM_TEST_BIN/bench/symbols
[ ! -f "$TSHM_TEST_BIN/bench/.libs/symbols" ] || program=$TSHM_TEST_BIN/bench/.libs/symbols
[ -x "$program" ] || skip "no $program"

"$program" -c "$program" 100 >"$tmp/times" || fail "symbols: status $?"
[ "$(sed 's/^.* s for //' "$tmp/times" | sort -u | wc -l)" -eq 1 ] || {
	cat "$tmp/times"
	fail "the rounds found different things"
}
[ "$(find "$XDG_CACHE_HOME/tshm" -name '*.sym' | wc -l)" -eq 1 ] || fail "nothing was kept"
"$program" -p "$program" 500 >"$tmp/ours" || fail "symbols -p: status $?"
"$PYTHON" - "$program" "$tmp/ours" <<'END' || fail "not as addr2line"
import re, subprocess, sys
program, ours = sys.argv[1:]
rows = [line.rstrip("\n").split("\t") for line in open(ours)]
said = subprocess.run(["addr2line", "-aifse", program], input="\n".join(f"{int(r[0], 16) - 1:x}" for r in rows),
                      capture_output=True, text=True, check=True).stdout
theirs = []
for line in said.splitlines():
    if line.startswith("0x"):
        theirs.append([])
    else:
        theirs[-1].append(line)
wrong, inlined, compared = 0, 0, 0
for row, their in zip(rows, theirs, strict=True):
    frames = [re.sub(r"^\+|[^ ]*/", "", f) for f in row[1:]]
    want = [f"{f} {re.sub(r' .discriminator.*', '', at)}" for f, at in zip(their[::2], their[1::2])]
    if any("?" in f for f in want) or frames == [want[-1].split(" ")[0] + " ?:0"]:
        continue    # without debugging information, or in a line table but of no unit, as what sanitizers add
    compared += 1
    inlined += len(want) > 1
    # Some versions overlook inlined functions of clang: then theirs are among ours, and the place is the same.
    left = iter(f.split(" ")[0] for f in frames)
    fewer = (len(want) < len(frames) and frames[0].split(" ")[1] == want[0].split(" ")[1]
             and frames[-1].split(" ")[0] == want[-1].split(" ")[0] and all(f.split(" ")[0] in left for f in want))
    if frames != want and not fewer:
        wrong += 1
        print(row[0], frames, want)
print(compared, "frames,", inlined, "with inlined functions,", wrong, "differ")
sys.exit(wrong > 0 or compared < 50)
END
