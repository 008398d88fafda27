# SPDX-License-Identifier: MIT
"""Programs that start slowly and work for long: all variants stay, and take turns.

Such a program says "ready", then for each line that it reads does its work once and prints the
nanoseconds by the clock and those of CPU.
"""
import math, shutil, statistics, subprocess, tempfile


class Program:
    def __init__(self, command, environment, options, root):
        self.folder = tempfile.mkdtemp(prefix="tshm-bench-", dir=root) if options is not None else None
        self.child = subprocess.Popen(command, env=environment(self.folder, options), text=True, bufsize=1,
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.ready = self.child.stdout.readline() == "ready\n"

    def once(self):
        """(ns, ns of CPU)"""
        self.child.stdin.write("\n")
        return tuple(float(word) for word in self.child.stdout.readline().split())

    def end(self):
        self.child.stdin.close()
        self.child.stdout.close()
        status = self.child.wait()
        if self.folder:
            shutil.rmtree(self.folder)
        return status


def median_within(values):
    """(median, half of the width of its 95 % interval, by order statistics)"""
    s, n = sorted(values), len(values)
    reach = 0.98 * math.sqrt(n)
    low, high = max(0, math.floor(n / 2 - reach)), min(n - 1, math.ceil(n / 2 + reach))
    return statistics.median(s), (s[high] - s[low]) / 2


def take_turns(programs, rounds):
    """What each took, by name; None: one of them died."""
    took = {name: [] for name in programs}
    try:
        for p in programs.values():
            p.once()				# the first is of cold caches
        for i in range(rounds):
            for name in list(programs)[::-1 if i % 2 else 1]:
                wall, cpu = programs[name].once()
                took[name].append((wall, cpu))
    except (OSError, ValueError):
        return None
    return took


def compare(ours, bare):
    """Medians of the ratios of neighbours, by the clock and by CPU, and the doubt about each; of the best times."""
    result = {}
    for i, key in enumerate(("ratio", "cpu")):
        result[key], result[key + "_within"] = median_within([o[i] / b[i] for o, b in zip(ours, bare)])
    result["best"] = min(o[0] for o in ours) / min(b[0] for b in bare)
    return result


def measure(command, environment, variants, rounds, root):
    """As bench.measure, and of CPU time too; None: it could not be run; {}: it cannot be run here."""
    programs = {name: Program(command, environment, options, root) for name, options in [("bare", None)] + variants}
    took = take_turns(programs, rounds) if all(p.ready for p in programs.values()) else None
    statuses = {p.end() for p in programs.values()}
    if statuses == {77}:
        return {}
    if statuses != {0} or not took:
        return None
    result = {name: compare(took[name], took["bare"]) for name, _ in variants}
    result.update(bare_ns=min(b[0] for b in took["bare"]), rounds=rounds)
    return result
