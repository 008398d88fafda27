# SPDX-License-Identifier: MIT
"""compare.py TOLD REPORT.json: are the Python stacks of the report's sites those that Python told, and as many?"""
import json
import sys

left = json.load(open(sys.argv[1], encoding="utf-8"))
told = sum(left.values())
report = json.load(open(sys.argv[2], encoding="utf-8"))
FRAMES = 32            # in all, in a site
cut, compared, wrong, stacks = [], 0, 0, 0


def complain(*what):
    global wrong
    wrong += 1
    if wrong < 6:
        print(*what)


for site in report["sites"]:
    if not site["call"].startswith("fcntl"):  # os.dup, with close-on-exec
        continue
    frames = [[f["file"], f["line"], f["function"].rsplit(".", 1)[-1]] for f in site["stack"] if f["kind"] == "python"]
    compared += site["acquired"]
    stacks += 1
    if len(site["stack"]) >= FRAMES:
        cut.append((frames, site["acquired"]))
        continue
    key = json.dumps(frames)
    if left.get(key, 0) < site["acquired"]:
        complain("not as Python says:", site["acquired"], left.get(key), key)
    left[key] = left.get(key, 0) - site["acquired"]
# Stacks that found no room to the end: their beginnings must be Python's.
for frames, count in sorted(cut, key=lambda c: -len(c[0])):
    for key in left:
        if left[key] > 0 and json.loads(key)[:len(frames)] == frames:
            taken = min(count, left[key])
            left[key] -= taken
            count -= taken
    if count:
        complain("not as Python says, cut:", count, json.dumps(frames))
for key, count in left.items():
    if count > 0:
        complain("not captured:", count, key)
print("%d captures of %d, %d sites, %d wrong" % (compared, told, stacks, wrong))
sys.exit(bool(wrong or compared != told))
