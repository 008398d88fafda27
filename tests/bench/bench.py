#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What tshm costs: each kind of work bare and under tshm, in turns, as ratios.

Machines are shared and noisy, so a number of its own says little: every round runs all variants of
a row one after another, a round's ratio is of neighbours, and the table shows the median ratio and
that of the best times.  Nothing here fails for being slow.
"""
import argparse, json, os, shutil, signal, statistics, subprocess, sys, tempfile, time

sys.dont_write_bytecode = True		# the sources may be read-only
import paired

HERE = os.path.dirname(os.path.abspath(__file__))
BIN = os.environ.get("TSHM_TEST_BIN", "tests")
LIB = os.environ.get("TSHM_LIB", ".libs/libtshm.so")

# Budgets: the most that the default may cost, as a ratio (None: shown only).
ROWS = [
    ("open-close", 1.10, "open and close /dev/null"),
    ("dup-close", 1.40, "dup and close"),
    ("map-shared", 1.12, "mmap and munmap a shared page"),
    ("map-shared-10000", 1.20, "the same beside 10,000 tracked mappings"),
    ("map-private", 1.01, "mmap and munmap a private page"),
    ("send-fd", 1.30, "send, receive and close a descriptor"),
    ("message", 1.02, "sendmsg and recvmsg without one"),
    ("shm-cycle", 1.12, "shm_open, ftruncate, mmap, munmap, close, shm_unlink"),
    ("fork", 1.35, "fork, _exit, wait"),
    ("fork-1000", 1.60, "the same with 1,000 live records"),
    ("start", 1.35, "start of /bin/true"),
    ("exceptions", 1.02, "throw through 10 frames in C++ and catch"),
    ("dlsym", None, "100 times dlsym, of a name that is none of CUDA's"),
    ("dataloader", 1.02, "a PyTorch DataLoader epoch: 2 workers, 100 batches"),
    ("threads-1", None, "dup and close by 1 thread, a pair"),
    ("threads-2", None, "by 2 threads"),
    ("threads-4", None, "by 4 threads"),
    ("threads-8", None, "by 8 threads"),
    ("threads-16", None, "by 16 threads"),
]
VARIANTS = [("tshm", ""), ("depth=0", "depth=0"), ("libunwind", "unwinder=libunwind")]
# How to watch the same work by other means; they are so slow that COUNT is given, and seconds for each.
PEER_COUNT, PEER_COUNT_SLOW, PEER_SECONDS = 100, 20, 10
PEERS = [
    ("valgrind", ["valgrind", "-q", "--track-fds=yes"]),
    ("strace", ["strace", "-f", "-o", "/dev/null"]),
    ("strace-k", ["strace", "-f", "-k", "-o", "/dev/null"]),
    ("ltrace", ["ltrace", "-f", "-o", "/dev/null"]),
    ("perf-trace", ["perf", "trace", "-o", "/dev/null", "--"]),
    ("bpftrace", ["bpftrace", "-e", "tracepoint:raw_syscalls:sys_enter /pid == cpid/ { @[ustack] = count(); }",
                  "-o", "/dev/null", "-c"]),
]
PYTHON_TORCH = "/usr/bin/python3"		# Debian's; tests/apps/pytorch.sh too
EPOCHS = 10			# pairs of them in a round: an epoch's time scatters more than its budget
CALLGRIND = ["open-close", "dup-close", "map-shared"]


class Skipped(Exception):
    pass


def environment(folder, options, row):
    e = dict(os.environ)
    for name in ("LD_PRELOAD", "TSHM_OPTIONS", "TSHM_DIR", "TSHM_BENCH_PRELOAD"):
        e.pop(name, None)
    if folder:
        e["TSHM_BENCH_PRELOAD" if row == "start" else "LD_PRELOAD"] = os.path.abspath(LIB)
        e["TSHM_DIR"] = folder
        e["TSHM_OPTIONS"] = options
    return e


def ended(command, seconds, **how):
    """(status, output, errors) of a command, which is ended with all its descendants when the time is over."""
    child = subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             stdin=subprocess.DEVNULL, start_new_session=True, **how)
    try:
        output, errors = child.communicate(timeout=seconds)
        return child.returncode, output, errors
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
        return None, "", ""


def work(row, options=None, count=None, prefix=(), root=None, seconds=None):
    """(best, median) ns of one operation; None: it could not be run in time; Skipped: it cannot be run here."""
    folder = tempfile.mkdtemp(prefix="tshm-bench-", dir=root) if options is not None else None
    command = [os.path.join(BIN, "bench/work"), row] + ([str(count)] if count else [])
    if prefix and prefix[-1] == "-c":
        command = [" ".join(command)]
    try:
        status, output, errors = ended(list(prefix) + command, seconds, env=environment(folder, options, row))
        if status == 77:
            raise Skipped(errors.strip())
        return tuple(float(word) for word in output.split()) if status == 0 and output.strip() else None
    except (OSError, ValueError):
        return None
    finally:
        if folder:
            shutil.rmtree(folder)


def epochs(rounds, count, root):
    command = [PYTHON_TORCH, os.path.join(HERE, "dataloader.py")] + ([str(count)] if count else [])
    told = paired.measure(command, lambda folder, options: environment(folder, options, "dataloader"),
                          VARIANTS[:1], EPOCHS * rounds, root) if os.path.exists(PYTHON_TORCH) else {}
    if told == {}:
        raise Skipped(f"no PyTorch for {PYTHON_TORCH}")
    return told


def measure(row, variants, rounds, count, root):
    """The bare ns, and for each variant the median of paired ratios and the ratio of the best."""
    if row == "dataloader":
        return epochs(rounds, count, root)
    bare, seen = [], {name: [] for name, _ in variants}
    for _ in range(rounds):
        bare.append(work(row, count=count))
        for name, options in variants:
            seen[name].append(work(row, options, count=count, root=root))
    if None in bare:
        return None
    result = {"bare_ns": min(b[0] for b in bare)}
    for name, took in seen.items():
        if None not in took:
            result[name] = {"ratio": statistics.median(t[0] / b[0] for t, b in zip(took, bare)),
                            "best": min(t[0] for t in took) / result["bare_ns"]}
    return result


def instructions(row, options, root):
    """Instructions of one operation, by callgrind: the difference of two counts."""
    counts = []
    for n in (2000, 12000):
        folder = tempfile.mkdtemp(prefix="tshm-bench-", dir=root)
        command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=" + os.path.join(folder, "out"),
                   os.path.join(BIN, "bench/work"), row, str(n)]
        e = environment(folder if options is not None else None, options or "", row)
        done = subprocess.run(command, env=e, capture_output=True, text=True)
        shutil.rmtree(folder)
        told = [line.split(":")[1] for line in done.stderr.splitlines() if "Collected" in line]
        if not told:
            return None
        counts.append(int(told[0]))
    return (counts[1] - counts[0]) / 10000


def ledger_bytes(row, count, root):
    """Disk that the ledgers of a run of `row` take."""
    folder = tempfile.mkdtemp(prefix="tshm-bench-", dir=root)
    try:
        subprocess.run([os.path.join(BIN, "bench/work"), row, str(count)], env=environment(folder, "", row),
                       stdout=subprocess.DEVNULL, check=True)
        return sum(os.stat(os.path.join(folder, f)).st_blocks * 512 for f in os.listdir(folder))
    finally:
        shutil.rmtree(folder)


def file_system(path):
    best = ("", "unknown")
    with open("/proc/mounts") as mounts:
        for line in mounts:
            _, at, kind = line.split()[:3]
            if path.startswith(at.rstrip("/") + "/") and len(at) >= len(best[0]):
                best = (at, kind)
    return best[1]


def cell(result, name):
    return f"{result[name]['ratio']:8.3f}" if result and name in result else "       -"


def table(args, root):
    variants = VARIANTS
    print(f"ledgers on {file_system(root)} ({root}); median ratios of {args.rounds} rounds to the bare program\n")
    print(f"{'work':18} {'bare ns':>9} {'budget':>7} " + "".join(f"{n:>10}" for n, _ in variants) + "   best  ")
    results = {}
    for row, budget, _ in ROWS:
        if args.only and row not in args.only:
            continue
        try:
            r = measure(row, variants, args.rounds, args.count, root)
        except Skipped as why:
            results[row] = {"skipped": str(why)}
            print(f"{row:18} skipped: {why}")
            continue
        results[row] = r
        if not r or "tshm" not in r:
            print(f"{row:18} could not be run")
            continue
        r["budget"] = budget
        verdict = "" if budget is None else "ok" if r["tshm"]["ratio"] <= budget else "over"
        r["verdict"] = verdict
        print(f"{row:18} {r['bare_ns']:9.0f} {budget or '':>7} " + "  ".join([""] + [cell(r, n) for n, _ in variants])
              + f" {r['tshm']['best']:6.3f}  {verdict}", flush=True)
        if "cpu" in r["tshm"]:
            print("{:18} within {ratio_within:.3f}; by CPU time {cpu:.3f}, within {cpu_within:.3f}; {} pairs".format(
                "", r["rounds"], **r["tshm"]), flush=True)
    return results


def fastest(row, count, prefix):
    """The best ns of three tries, or of one that takes longer than a second; None: not done in time."""
    best = None
    for _ in range(3):
        begin = time.monotonic()
        took = work(row, count=count, prefix=prefix, seconds=PEER_SECONDS)
        best = min(best or took[0], took[0]) if took else best
        if time.monotonic() - begin > 1:
            break
    return best


def peers(args, results):
    """The ratio of each row that was measured; None: not done in time."""
    print(f"\nothers, the same work (few operations; -: more than {PEER_SECONDS} s)")
    rows = [row for row, _, _ in ROWS if "bare_ns" in (results.get(row) or {}) and row != "dataloader" and
            not row.startswith("threads")]
    found = {}
    for name, prefix in PEERS:
        if not shutil.which(prefix[0]):
            print(f"{name:10} not installed")
            continue
        if not work("nothing", prefix=prefix, seconds=PEER_SECONDS):
            print(f"{name:10} could not be run")
            continue
        cells = {}
        for row in rows:
            count = PEER_COUNT_SLOW if row in ("fork", "fork-1000", "start") else PEER_COUNT
            took, bare = fastest(row, count, prefix), fastest(row, count, ())
            cells[row] = took / bare if took and bare else None
        found[name] = cells
        print(f"{name:10} " + "  ".join(f"{r} {x:.1f}" if x else f"{r} -" for r, x in cells.items()), flush=True)
    return found


def sizes(root):
    empty, live = ledger_bytes("nothing", 1, root), ledger_bytes("live-1000", 1, root)
    few, many = ledger_bytes("open-close", 1000, root), ledger_bytes("open-close", 10000000, root)
    print(f"\nledger of a process that does nothing: {empty} bytes; a live record more: {(live - empty) / 1000:.0f}"
          f"\nledger after 10^3 open/close pairs: {few} bytes; after 10^7: {many}")
    return {"empty": empty, "live_record": (live - empty) / 1000, "pairs_1e3": few, "pairs_1e7": many}


def count_instructions(args, root):
    if not shutil.which("valgrind"):
        print("\ninstructions: valgrind is not installed")
        return {}
    found = {}
    print("\ninstructions of one operation (callgrind)")
    for row in CALLGRIND:
        if args.only and row not in args.only:
            continue
        found[row] = {"bare": instructions(row, None, root), "tshm": instructions(row, "", root),
                      "depth=0": instructions(row, "depth=0", root)}
        print(f"{row:18} " + "  ".join(f"{k} {v:.0f}" for k, v in found[row].items() if v is not None), flush=True)
    return found


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--rounds", type=int, default=7)
    p.add_argument("--count", type=int, help="operations, in place of each row's own number")
    p.add_argument("--only", type=lambda s: s.split(","), help="rows, with commas")
    p.add_argument("--peers", action="store_true", help="valgrind, strace, ltrace, perf trace, bpftrace too (minutes)")
    p.add_argument("--quick", action="store_true", help="no instruction counts and no ledger sizes")
    p.add_argument("--json", metavar="FILE")
    args = p.parse_args()
    unknown = set(args.only or ()) - {row for row, _, _ in ROWS}
    if unknown:
        p.error("no such row: " + ", ".join(sorted(unknown)))
    root = tempfile.mkdtemp(prefix="tshm-bench-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
    try:
        told = {"rounds": args.rounds, "file_system": file_system(root), "rows": table(args, root)}
        if args.peers:
            told["peers"] = peers(args, told["rows"])
        if not args.quick:
            told["instructions"] = count_instructions(args, root)
            told["ledger_bytes"] = sizes(root)
    finally:
        shutil.rmtree(root)
    if args.json:
        with open(args.json, "w") as to:
            json.dump(told, to, indent=1)


if __name__ == "__main__":
    sys.exit(main())
