#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the report costs on large runs: many ledgers, and many objects that are held now.

make_run makes them under tshm-run, so the ledgers are the library's own.  Time and memory are
shown beside the budgets; only counts that are wrong fail.  Memory below that of this program,
15 MiB or so, is not seen: a child begins with its parent's peak.
"""
import argparse, glob, json, os, shutil, subprocess, sys, tempfile, time

BIN = os.environ.get("TSHM_TEST_BIN", "tests")
RUN = os.environ.get("TSHM_RUN", "./tshm-run")
REPORT = os.environ.get("TSHM_REPORT", "./tshm-report")
MIB = 1 << 20
# Budgets by (what, format): seconds, MiB.
BUDGETS = {("ledgers", "text"): (1, 200), ("objects", "text"): (5, None)}


def measured(command, out):
    """(seconds, MiB at the most) of a command that must end with 0."""
    begin = time.monotonic()
    child = subprocess.Popen(command, stdout=out)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = status
    if status:
        sys.exit(f"{' '.join(command)}: wait status {status}")
    return time.monotonic() - begin, used.ru_maxrss * 1024 / MIB


def counts_of(path):
    with open(path) as report:
        told = json.load(report)
    return {"processes": len(told["processes"]), "objects": len(told["objects"]),
            "live": sum(o["state"] == "live" and len(o["holders"]) == 1 for o in told["objects"]),
            "leaked": told["summary"]["leaked_segments"], "sites": len(told["sites"])}


def reports(what, folder, args):
    """A row a format; the counts of the JSON report, if asked for."""
    rows, path = {}, os.path.join(folder, "out")
    for form in ("text", "json"):
        best = None
        for _ in range(args.rounds):
            with open(path, "wb") as out:
                took = measured([REPORT, f"--format={form}", os.path.join(folder, "run")], out)
            best = min(best or took, took)
        seconds, mib = BUDGETS.get((what, form), (None, None))
        over = (seconds and best[0] > seconds) or (mib and best[1] > mib)
        rows[form] = {"seconds": best[0], "mib": best[1], "bytes": os.stat(path).st_size}
        print(f"{what:8} {form:5} {best[0]:8.2f} s {best[1]:8.1f} MiB {os.stat(path).st_size:12} bytes"
              + ("" if not seconds else "  over the budget" if over else "  ok"), flush=True)
    return rows, counts_of(path) if args.counts else None


def make_run(folder, *words, **how):
    return subprocess.Popen([RUN, "-o", os.path.join(folder, "run"), "--", os.path.join(BIN, "bench/make_run"), *words],
                            stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, **how)


def ledgers(folder, args):
    name = f"tshm-test-scale-{os.getpid()}"
    try:
        if make_run(folder, "ledgers", str(args.ledgers), name, stdout=subprocess.DEVNULL).wait():
            sys.exit("make_run ledgers failed")
        found = len(glob.glob(os.path.join(folder, "run", "*.tshm")))
        if found != args.ledgers:
            sys.exit(f"{found} ledgers, {args.ledgers} were wanted")
        return reports("ledgers", folder, args)
    finally:
        for left in glob.glob(f"/dev/shm/{name}-*"):
            os.unlink(left)


def objects(folder, args):
    child = make_run(folder, "objects", str(args.objects), str(args.each), stdout=subprocess.PIPE)
    try:
        if child.stdout.readline() != "ready\n":
            sys.exit("make_run objects failed")
        return reports("objects", folder, args)
    finally:
        child.communicate()


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--ledgers", type=int, default=10000, help="ledgers of the first run; 0: leave it out")
    p.add_argument("--objects", type=int, default=1000000, help="objects of the second; 0: leave it out")
    p.add_argument("--each", type=int, default=15000, help="objects of one process")
    p.add_argument("--rounds", type=int, default=3, help="reports of each, the best of which counts")
    p.add_argument("--counts", action="store_true", help="read the JSON reports: needs memory")
    p.add_argument("--json", metavar="FILE")
    args = p.parse_args()
    told = {}
    for what, make in (("ledgers", ledgers), ("objects", objects)):
        if not getattr(args, what):
            continue
        root = tempfile.mkdtemp(prefix="tshm-scale-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
        try:
            rows, counts = make(root, args)
            told[what] = {"made": getattr(args, what), "reports": rows, "counts": counts}
        finally:
            shutil.rmtree(root)
    if args.json:
        with open(args.json, "w") as to:
            json.dump(told, to, indent=1)


if __name__ == "__main__":
    sys.exit(main())
