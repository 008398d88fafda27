#!/bin/sh
# SPDX-License-Identifier: MIT
# --system: names of all spaces are there, in text and in JSON, with who holds them and whether they can go.
here=$(dirname "$0")/..
. "$here/lib.sh"
. "$here/run/things.sh"
need "$PYTHON" mkfifo
go_private
[ -w /dev/shm ] || skip "/dev/shm cannot be written"
make_tmp
start_things
made_by=$things

"$TSHM_REPORT" --system >"$tmp/text" 2>"$tmp/err" || fail "--system: status $?"
[ ! -s "$tmp/err" ] || { cat "$tmp/err" >&2; fail "--system: not silent"; }
"$TSHM_REPORT" --system --format=json >"$tmp/json" || fail "--system --format=json: status $?"

# No byte of a name is taken by its word.
LC_ALL=C grep -q "$(printf '[\001-\010\013-\037\177]')" "$tmp/text" && fail "a control character in the text"
grep "$label" "$tmp/text" | grep -qF '\n\x1b[31m\r\t\a' || fail "the name with control characters is not there, escaped"
grep "$label" "$tmp/text" | grep -qF '\xff\xfe\xc3(' || fail "the name that is no UTF-8 is not there, escaped"
grep "$label" "$tmp/text" | grep -qF '\u202e\u200b' || fail "the name that turns the line is not there, escaped"

# shows KIND WORD: the line of that name has the word.
shows() {
	awk -v name="$(name "$1")" '$NF == name' "$tmp/text" >"$tmp/line"
	grep -q -- "$2" "$tmp/line" || { cat "$tmp/line"; fail "$1: no '$2'"; }
}
shows dead PyTorch
shows alive '^maker lives '
shows unknown '^if old '
shows semaphore '^if old '
shows fd "^held .*(pid $things)"
shows mapped "^held .*(pid $things)"
shows directory '^no '
shows link '^no '
shows longest '8.0 KiB'
[ -z "$(name sysv)" ] || shows sysv 'a SysV segment'
[ -z "$(name attached)" ] || shows attached "^held .*(pid $things)"
[ -z "$(name queue)" ] || [ ! -d /dev/mqueue ] || shows queue "^held .*(pid $things)"
tail -n 1 "$tmp/text" | grep -Eq '^SUMMARY: tshm: [0-9]+ names, [0-9]+ bytes; [0-9]+ could be removed \([0-9]+ bytes\)$' || fail "the last line: $(tail -n 1 "$tmp/text")"
grep -q '^/dev/shm is [0-9]*% full' "$tmp/text" || fail "how full it is"

"$PYTHON" - "$tmp/json" "$tmp/made" "$things" <<'END' || fail "JSON: see above"
import ast, json, os, sys
report = json.load(open(sys.argv[1], encoding="utf-8"))
assert report["schema"] == "tshm-system/1"
names = {n["name"]: n for n in report["system"]["names"]}
pid = int(sys.argv[3])
want = {"dead": "young", "alive": "maker-lives", "unknown": "if-old", "semaphore": "if-old", "fd": "held", "mapped": "held",
        "flight": "young", "control": "if-old", "bytes": "if-old", "hidden": "if-old", "longest": "if-old", "directory": "never",
        "link": "never", "sysv": "young", "attached": "held", "queue": "held"}
for line in open(sys.argv[2], encoding="ascii"):
    kind, _, text = line.rstrip("\n").partition(" ")
    if kind == "ready" or (kind == "queue" and not os.path.isdir("/dev/mqueue")):
        continue
    name = os.fsencode(ast.literal_eval(f"'{text}'")).decode("utf-8", "replace")
    entry = names.get(name)
    assert entry, f"{kind}: {name!r} is missing"
    assert entry["can_go"] == want[kind], f"{kind}: {entry['can_go']}, {entry['why']}"
    held = kind in ("fd", "mapped", "attached", "queue")
    assert held == any(h["pid"] == pid for h in entry["holders"]), f"{kind}: held by {entry['holders']}"
    assert entry["uid"] == os.getuid() and entry["why"]
END

# A name narrows; what is not there is said.
"$TSHM_REPORT" --system "$label-fd" "$label-none" >"$tmp/text" 2>"$tmp/err" || fail "NAME: status $?"
grep -q 'SUMMARY: tshm: 1 name, 8192 bytes; 0 could be removed (0 bytes)' "$tmp/text" || fail "NAME: $(tail -n 1 "$tmp/text")"
grep -q "nothing is called '$label-none'" "$tmp/err" || fail "NAME: silent about what is not there"

# Usage.
for wrong in --older=1 --all-users "--system --gate" "--system --older=x" --reap=no "--reap --by=object" "--system --prune"; do
	# shellcheck disable=SC2086 # words
	"$TSHM_REPORT" $wrong >/dev/null 2>"$tmp/err"
	[ $? -eq 2 ] || fail "$wrong: not status 2"
	[ "$(wc -l <"$tmp/err")" -eq 1 ] || fail "$wrong: not one line"
done
end_things
echo "all names are there"
