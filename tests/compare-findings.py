#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""compare-findings.py STEM SAID REPORT.json

SAID holds a scenario's output.  Every EXPECT must match a finding; every finding
of severity error or warning must be EXPECTed or ALLOWed.  Notes may come unasked.
EXPECT-FRAME asks for a finding whose stack has these functions in this order,
innermost first; others may stand between.  EXPECT-TOTAL names a call, and how often
all its sites together acquired and released.  EXPECT-CUDA says how often CUDA memory was
allocated and freed, and handles of it were made, opened and closed.  EXPECT-NO: there is no such finding, not
even a note.  EXPECT-LIVE names a kind, and how many objects of it are live; EXPECT-UNKNOWN how
many of these nobody is known to have made.  LOOKALIKE names a rule
that must not fire, at no severity: the story looks like what it finds, and is no fault.
"""
import json
import re
import sys

stem, said, report = sys.argv[1:]
expected, stacks, totals, cuda, absent, lives, unknown = [], [], [], None, [], [], []
allowed, alike, says_none, pid = set(), set(), False, "?"
for line in open(said, encoding="utf-8"):
    words = line.rstrip("\n").split(" ", 2)
    if words[0] == "EXPECT" and len(words) > 1:
        expected.append((words[1], words[2] if len(words) > 2 else ""))
    elif words[0] == "EXPECT-NO" and len(words) > 1:
        absent.append((words[1], words[2] if len(words) > 2 else ""))
    elif words[0] == "EXPECT-LIVE" and len(words) == 3:
        lives.append((words[1], int(words[2])))
    elif words[0] == "EXPECT-UNKNOWN" and len(words) == 3:
        unknown.append((words[1], int(words[2])))
    elif words[0] == "EXPECT-FRAME" and len(words) == 3:
        stacks.append((words[1], words[2].split()))
    elif words[0] == "EXPECT-TOTAL" and len(words) == 3:
        totals.append((words[1], [int(n) for n in words[2].split()]))
    elif words[0] == "EXPECT-CUDA" and len(words) == 3:
        cuda = [int(n) for n in line.split()[1:]]
    elif words[0] == "ALLOW" and len(words) == 2:
        allowed.add(words[1])
    elif words[0] == "LOOKALIKE" and len(words) == 2:
        alike.add(words[1])
    elif words == ["EXPECT-NONE"]:
        says_none = True
    elif words[:2] == ["#", "pid"]:
        pid = words[2]
    elif not line.startswith("#"):
        sys.exit(f"not understood: {line!r}")
if says_none == bool(expected or stacks):
    sys.exit("a scenario says either EXPECT, EXPECT-FRAME or EXPECT-NONE")

with open(report, encoding="utf-8") as file:
    told = json.load(file)
findings = told["findings"]


def matches(finding, want):
    return finding["rule"] == want[0] and want[1] in finding["message"]


def functions(finding):
    return [frame["function"] or "?" for frame in finding["stack"]]


def passes(finding, want):
    left = iter(functions(finding))
    return finding["rule"] == want[0] and all(function in left for function in want[1])


def total(call):
    of_call = [site for site in told["sites"] if site["call"] == call]
    return [sum(site["acquired"] for site in of_call), sum(site["released"] for site in of_call)]


def cuda_counts():
    sites = [site for site in told["sites"] if re.match("cu(da)?M(em)?(Alloc|alloc)", site["call"])]
    memory = [handle for handle in told["cuda_ipc"] if handle["kind"] == "memory"]
    importers = [importer for handle in memory for importer in handle["importers"]]
    return [sum(site["acquired"] for site in sites), sum(site["released"] for site in sites),
            sum(handle["exporter"]["count"] for handle in memory if handle["exporter"]),
            sum(importer["count"] for importer in importers), sum(importer["released"] for importer in importers)]


def live(kind):
    return [o for o in told["objects"] if o["kind"] == kind and o["state"] == "live"]


def without_maker(kind):
    return sum(1 for o in live(kind) if not o["creator"])


def is_others(finding):
    """Tests run side by side, and what appears may be another's."""
    return finding["rule"] == "shm-appeared" and not re.search(rf"tshm-test-\w+-{pid}\b", finding["message"])


wrong = [f"expected, but not reported: {rule} {text}" for rule, text in expected
         if not any(matches(f, (rule, text)) for f in findings)]
wrong += [f"no stack of {rule} goes through: {' '.join(through)}" for rule, through in stacks
          if not any(passes(f, (rule, through)) for f in findings)]
wrong += [f"{call} acquired and released {total(call)}, not {want}" for call, want in totals if total(call) != want]
if cuda and cuda_counts() != cuda:
    wrong.append(f"CUDA memory allocated, freed, exported, opened, closed {cuda_counts()}, not {cuda}")
wrong += [f"reported, but must not be: {rule} {text}" for rule, text in absent
          if any(matches(f, (rule, text)) for f in findings)]
wrong += [f"{len(live(kind))} of kind {kind} are live, not {count}" for kind, count in lives
          if len(live(kind)) != count]
wrong += [f"{without_maker(kind)} of kind {kind} have an unknown origin, not {count}" for kind, count in unknown
          if without_maker(kind) != count]
wrong += [f"it only looks like {f['rule']} ({f['severity']}): {f['message']}" for f in findings
          if f["rule"] in alike and not is_others(f)]
for f in findings:
    if f["severity"] == "note" or f["rule"] in allowed or f.get("suppressed_by") or is_others(f):
        continue
    if not any(matches(f, want) for want in expected) and not any(passes(f, want) for want in stacks):
        wrong.append(f"reported, but not expected: {f['rule']} ({f['severity']}): {f['message']}")
if wrong:
    for f in findings:
        wrong.append(f"  of {len(findings)}: {f['severity']} {f['rule']}: {f['message']}"
                     f" [{' < '.join(functions(f))}]")
    sys.exit(stem + ":\n" + "\n".join(wrong))
