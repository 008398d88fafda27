# SPDX-License-Identifier: MIT
"""suites.py RUNNER SUITES-FOLDER WORK RUNS [NAME|NAME/PART]...

The driver of real test suites: each part of each suite runs twice bare, then under tshm, and the
verdicts of its tests must be the same.  Without names, the parts that are marked "ci"; with "all",
all of them.  HACKING.md, "Add a suite", says what a suite is.
"""

import collections
import json
import os
import re
import signal
import subprocess
import sys
import time

RETRIES = 3  # how often a difference is looked at again
SLOWER = 2.0  # a suite may take that many times as long under tshm,
SLACK = 2.0  # and these seconds more, for what a machine does beside
VERDICTS = ("PASS", "FAIL", "SKIP")
NOT_HERE = 77

Part = collections.namedtuple("Part", "suite name minimum limit ci")
Run = collections.namedtuple("Run", "status verdicts seconds log report")
Expected = collections.namedtuple("Expected", "part rule pattern line")


class Broken(Exception):
    """A suite or its list that does not keep to its contract."""


# ---- suites and what is expected of them ----


def parts_of(path):
    """The "# part: NAME MINIMUM LIMIT [ci]" lines of a suite."""
    parts = []
    with open(path) as suite:
        for line in suite:
            match = re.match(r"# part: (\S+) (\d+) (\d+)( ci)?$", line)
            if match:
                parts.append(Part(path, match[1], int(match[2]), int(match[3]), bool(match[4])))
            elif line.startswith("# part:"):
                raise Broken(f"{path}: {line.strip()}: not NAME MINIMUM LIMIT [ci]")
    if not parts:
        raise Broken(f"{path}: no part")
    return parts


def expected_of(suite):
    """NAME.expected: "PART RULE PATTERN", where PART may be *, and below it, indented, the reason why it is true."""
    path = re.sub(r"\.(sh|py)$", ".expected", suite)
    entries, reasons = [], 0
    if not os.path.exists(path):
        return entries
    with open(path) as lines:
        for number, line in enumerate(lines, 1):
            if line.startswith("#") or not line.strip():
                continue
            if line[0].isspace():
                reasons = len(entries)
                continue
            if reasons != len(entries):
                raise Broken(f"{path}:{entries[-1].line}: no reason")
            words = line.split(None, 2)
            if len(words) != 3:
                raise Broken(f"{path}:{number}: not PART RULE PATTERN")
            entries.append(Expected(words[0], words[1], re.compile(words[2].rstrip()), number))
    if reasons != len(entries):
        raise Broken(f"{path}:{entries[-1].line}: no reason")
    return entries


# ---- running a part ----


def end_all(token):
    """Kill what a run left: all that inherited its token."""
    mark = b"TSHM_SUITE=" + token.encode()
    for entry in os.listdir("/proc"):
        try:
            with open(f"/proc/{entry}/environ", "rb") as environment:
                ours = mark in environment.read().split(b"\0")
            if ours and int(entry) != os.getpid():
                os.kill(int(entry), signal.SIGKILL)
        except (OSError, ValueError):
            continue


# Times are those of the suite alone, without what tshm-run does before and afterwards.
INNER = """
exec >"$1/log" 2>&1 </dev/null
cd "$1/place" || exit 99
date +%s.%N >"$1/begun"
shift
"$@"
status=$?
date +%s.%N >"$TSHM_PLACE/ended"
exit $status
"""


class Runner:
    def __init__(self, tshm_run, work, runs):
        self.tshm_run, self.work, self.runs, self.number = tshm_run, work, runs, 0

    def run(self, part, audited, tests=()):
        """One run, in a folder of its own; of these tests only, if the suite can choose."""
        self.number += 1
        place = os.path.join(self.work, str(self.number))
        os.mkdir(place)
        os.mkdir(os.path.join(place, "place"))
        for path in (place, os.path.join(place, "place")):
            os.chmod(path, 0o777)  # a suite may give up root
        verdicts = os.path.join(place, "verdicts")
        with open(verdicts, "w"):
            os.chmod(verdicts, 0o666)
        token = f"{os.getpid()}.{self.number}"
        environment = dict(
            os.environ, TSHM_SUITE=token, TSHM_PLACE=place, TSHM_VERDICTS=verdicts,
            HOME=place + "/place", TMPDIR=place + "/place", LC_ALL="C.UTF-8",
        )
        command = ["sh", "-c", INNER, "suite", place, part.suite, part.name, *tests]
        report = os.path.join(place, "report.json")
        if audited:
            run = os.path.join(self.runs, str(self.number))
            command = [self.tshm_run, "-o", run, "--report=json:" + report, "--", *command]
        with open(place + "/errors", "w") as errors:
            process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors,
                                       start_new_session=True)
            try:
                status = process.wait(part.limit)
            except subprocess.TimeoutExpired:
                status = f"more than {part.limit} s"
                end_all(token)
                process.wait()
            finally:
                end_all(token)
        return Run(status, read_verdicts(verdicts), seconds(place), place + "/log", report if audited else None)


def seconds(place):
    try:
        times = [float(open(f"{place}/{name}").read()) for name in ("begun", "ended")]
    except (OSError, ValueError):
        return float("inf")
    return times[1] - times[0]


def read_verdicts(path):
    """Test to verdict; a test that has several (the same name in two classes, say) has them all."""
    found = {}
    with open(path, errors="backslashreplace") as lines:
        for line in lines:
            verdict, _, rest = line.rstrip("\n").partition(" ")
            if verdict not in VERDICTS or not rest:
                raise Broken(f"not a verdict: {line.rstrip()}")
            test, _, detail = rest.partition(": ")
            found.setdefault(test, []).append(f"{verdict} {detail}".strip())
    return {test: " + ".join(sorted(verdicts)) for test, verdicts in found.items()}


# ---- findings ----


def findings(report):
    """Errors and warnings: (rule, "SEVERITY PROGRAM: MESSAGE, at FUNCTION < FUNCTION...")."""
    programs = {p["image"]: os.path.basename(p["exe"]) for p in report["processes"] if p.get("exe")}
    for finding in report["findings"]:
        # Names are the whole machine's: what appears may be another test's.
        if finding["severity"] == "note" or finding.get("suppressed_by") or finding["rule"] == "shm-appeared":
            continue
        stack = " < ".join(f["function"] or os.path.basename(f["module"] or "?") for f in finding["stack"])
        program = programs.get(finding["image"], "-")
        yield finding["rule"], f"{finding['severity']} {program}: {finding['message']}, at {stack}"


# ---- judging a part ----


class Judge:
    def __init__(self, runner):
        self.runner = runner
        self.failures = self.ran = 0
        self.compared = self.flaky = 0

    def fail(self, part, message, *more):
        self.failures += 1
        print(f"FAIL {label(part)}: {message}", *("  " + line for line in more), sep="\n", flush=True)

    def part(self, part):
        bare = [self.runner.run(part, False) for _ in range(2)]
        if any(run.status == NOT_HERE for run in bare):
            print(f"SKIP {label(part)}: {last_line(bare[0].log)}", flush=True)
            return
        self.ran += 1
        if any(run.status != 0 for run in bare):
            self.fail(part, f"bare: status {[run.status for run in bare]}", *tail(bare[-1].log))
            return
        stable = {test: verdict for test, verdict in bare[0].verdicts.items() if bare[1].verdicts.get(test) == verdict}
        flaky = sorted((bare[0].verdicts.keys() | bare[1].verdicts.keys()) - stable.keys())
        before = self.failures
        audited = self.runner.run(part, True)
        for _ in range(RETRIES):
            if isinstance(audited.status, int):
                break
            print(f"     {audited.status}: {label(part)}", flush=True)
            audited = self.runner.run(part, True)
        else:
            self.fail(part, f"{audited.status} under tshm, each time", *tail(audited.log))
            return
        if audited.status != 0:
            self.fail(part, f"status {audited.status} under tshm", *tail(audited.log), *tail(audited.log[:-3] + "errors"))
        self.differences(part, stable, audited)
        if len(stable) < part.minimum:
            self.fail(part, f"{len(stable)} tests compared; its minimum is {part.minimum}")
        spoken = [line for line in lines_of(audited.log) if "libtshm" in line or "ERROR: ld.so" in line]
        spoken = [line for line in spoken if line not in lines_of(bare[0].log)]
        if spoken:
            self.fail(part, "output of tshm or of the loader:", *spoken[:10])
        self.flaky += len(flaky)
        ratio = self.slowdown(part, min(run.seconds for run in bare), audited.seconds)
        found = self.judged(part, audited)
        self.compared += len(stable)
        if self.failures == before:
            kinds = collections.Counter(verdict.split()[0] for verdict in stable.values())
            print(f"ok   {label(part)}: {len(stable)} tests the same ({kinds['PASS']} passed, {kinds['FAIL']} failed, "
                  f"{kinds['SKIP']} skipped), {len(flaky)} flaky, {ratio:.2f} times as long, {found} findings, all true",
                  flush=True)
        for test in flaky:
            print(f"     flaky: {test}: {bare[0].verdicts.get(test)}, {bare[1].verdicts.get(test)}")

    def differences(self, part, stable, audited):
        differ = different(stable, audited.verdicts)
        once = differ
        for _ in range(RETRIES):
            if not differ:
                break
            again = self.runner.run(part, True, differ)
            differ = different({test: stable[test] for test in differ}, again.verdicts)
        if differ:
            # The machine may have changed since: a test that now fails bare is no difference.
            again = self.runner.run(part, False, differ)
            differ = sorted(set(differ) - set(different({test: stable[test] for test in differ}, again.verdicts)))
        for test in once:
            if test not in differ:
                print(f"     differed, not when retried: {label(part)}: {test}: {audited.verdicts.get(test)}")
        for test in differ:
            self.fail(part, f"{test}: {audited.verdicts.get(test, 'no verdict')} under tshm, {stable[test]} without",
                      *about(audited.log, test))

    def slowdown(self, part, bare, audited):
        for _ in range(RETRIES):
            if audited <= SLOWER * bare + SLACK:
                break
            bare = min(bare, self.runner.run(part, False).seconds)
            audited = min(audited, self.runner.run(part, True).seconds)
        else:
            self.fail(part, f"{audited:.1f} s under tshm, {bare:.1f} s without")
        return audited / bare

    def judged(self, part, audited):
        if not os.path.exists(audited.report):
            self.fail(part, "no report", *tail(audited.log[:-3] + "errors"))
            return 0
        expected, found = expected_of(part.suite), 0
        false = []
        with open(audited.report) as file:
            report = json.load(file)
        # The shell that begins a run, and the suite: without them nothing was put to the test.
        if sum(process["observed"] for process in report["processes"]) < 2:
            self.fail(part, "it was not observed")
        for rule, text in findings(report):
            found += 1
            if not any(entry.part in ("*", part.name) and entry.rule == rule and entry.pattern.search(text)
                       for entry in expected):
                false.append(f"{rule} {text}")
        if false:
            self.fail(part, "findings that are not expected:", *false[:40])
        return found


def label(part):
    return f"{os.path.splitext(os.path.basename(part.suite))[0]}/{part.name}"


def different(stable, verdicts):
    return sorted(test for test in stable if verdicts.get(test) != stable[test])


def lines_of(path):
    try:
        with open(path, errors="backslashreplace") as file:
            return [line.rstrip() for line in file]
    except OSError:
        return []


def tail(path):
    return lines_of(path)[-20:]


def last_line(path):
    return (lines_of(path) or ["no reason told"])[-1]


def about(path, test):
    """What a log says of a test: from the last place that names it."""
    lines = lines_of(path)
    places = [number for number, line in enumerate(lines) if test in line]
    return lines[places[-1]:places[-1] + 30] if places else []


def main():
    tshm_run, folder, work, runs, *wanted = sys.argv[1:]
    suites = sorted(os.path.join(folder, name) for name in os.listdir(folder) if re.search(r"\.(sh|py)$", name))
    parts = [part for suite in suites for part in parts_of(suite)]
    if not wanted:
        parts = [part for part in parts if part.ci]
    elif wanted != ["all"]:
        parts = [part for part in parts if {label(part), label(part).split("/")[0]} & set(wanted)]
    if not parts:
        raise Broken("no such suite")
    # What runs in the background ignores SIGINT, and its children would, too; tests send it.
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(130))
    judge = Judge(Runner(tshm_run, work, runs))
    begun = time.monotonic()
    for part in parts:
        try:
            judge.part(part)
        except Broken as broken:
            judge.ran += 1
            judge.fail(part, str(broken))
    print(f"{judge.ran} of {len(parts)} parts ran, {judge.compared} tests compared, {judge.flaky} flaky, {judge.failures} failures, "
          f"{time.monotonic() - begun:.0f} s")
    return 1 if judge.failures else 0 if judge.ran else NOT_HERE


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Broken as broken:
        print(f"suites: {broken}")
        sys.exit(99)
