#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What Python frames cost: ns that each os.dup() and os.close() in a recursion takes longer with python=1 than with python=0.

python_frames.py [--depth=10] [--calls=20000] [--rounds=15]: both variants stay and take turns; the median of the
differences within a round is told, per event (a dup, which is captured; the close beside it has no stack).
TSHM_LIB: the library.
"""
import argparse, os, shutil, statistics, subprocess, sys, tempfile, time


def work(depth, calls):
    def down(n):
        if n > 1:
            return down(n - 1)
        dup, close = os.dup, os.close
        began = time.perf_counter_ns()
        for _ in range(calls):
            close(dup(0))
        return time.perf_counter_ns() - began
    down(depth)
    print("ready", flush=True)
    for _ in sys.stdin:
        print(down(depth), flush=True)


class Variant:
    def __init__(self, options, arguments):
        environment = dict(os.environ)
        self.folder = None
        if options is not None:
            self.folder = tempfile.mkdtemp(prefix="tshm-bench-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
            environment.update(LD_PRELOAD=os.environ.get("TSHM_LIB") or os.path.abspath(".libs/libtshm.so"),
                               TSHM_DIR=self.folder, TSHM_OPTIONS=options)
        self.child = subprocess.Popen([sys.executable, __file__, "--work"] + arguments, env=environment, text=True, bufsize=1,
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if self.child.stdout.readline() != "ready\n":
            sys.exit("python_frames.py: the work did not begin")

    def once(self):
        self.child.stdin.write("\n")
        return int(self.child.stdout.readline())

    def end(self):
        self.child.stdin.close()
        self.child.wait()
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--depth", type=int, default=10)
    parser.add_argument("--calls", type=int, default=20000)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    o = parser.parse_args()
    if o.work:
        return work(o.depth, o.calls)
    arguments = ["--depth=%d" % o.depth, "--calls=%d" % o.calls]
    names = (("bare", None), ("python=0", "python=0"), ("python=1", "python=1"))
    variants = [(name, Variant(options, arguments)) for name, options in names]
    times = {name: [] for name, _ in variants}
    for n in range(o.rounds):
        for name, variant in variants if n % 2 else variants[::-1]:
            times[name].append(variant.once() / o.calls)
    for _, variant in variants:
        variant.end()
    for name, taken in times.items():
        print("%-9s %6.0f ns a dup and close (median of %d, least %.0f)" % (name, statistics.median(taken), o.rounds, min(taken)))
    more = sorted(b - a for a, b in zip(times["python=0"], times["python=1"]))
    print("%d Python frames: %+.0f ns an event (median of paired differences; quartiles %+.0f, %+.0f)" % (
        o.depth, statistics.median(more), more[len(more) // 4], more[-len(more) // 4]))


if __name__ == "__main__":
    main()
