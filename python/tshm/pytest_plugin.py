# SPDX-License-Identifier: MIT
"""pytest --tshm: a test that leaves descriptors, mappings, or names in shared memory behind fails.

A test is what runs between the begin of its setup and the end of its teardown, without the fixtures of
classes, modules, packages and the session: those are meant to stay.  What a test makes once, such as a
cache or an imported module, is no leak: one that grew is run once more, and fails if it grows again.
"""
import contextlib
import fnmatch
import gc
import os
import shutil
import tempfile
import time

import pytest
from _pytest.runner import runtestprotocol

from . import _baseline, _frames, _library, _names, _place, _reexec, _report

TOLERANCE = 5
GROWTH = ("fd-growth", "map-growth", "ipc-growth")
FOLDER = "TSHM_PYTEST_FOLDER"  # the ledgers, which go when pytest ends
NAMES_ROOM = 300 << 10  # bytes of marks' names in a ledger, which has room for 1 MiB of strings
MARKS = 1024  # a ledger keeps the last so many
PATIENCE = 0.5  # seconds for threads and children that let go of something just now


def pytest_addoption(parser):
    group = parser.getgroup("tshm", "leaks of descriptors and shared memory (tshm)")
    group.addoption("--tshm", action="store_true", help="fail tests that leak; starts pytest anew under libtshm.so if need be")
    group.addoption("--tshm-gate", metavar="POLICY", default="default", choices=("default", "strict"),
                    help="what fails a test: errors (default), or warnings too (strict)")
    group.addoption("--tshm-suppressions", metavar="FILE", action="append", default=[],
                    help="known findings, see tshm-report(1); may be repeated")
    group.addoption("--tshm-baseline", metavar="FILE", help="findings that are known from before, see tshm-report(1)")
    group.addoption("--tshm-write-baseline", metavar="FILE", help="write what the session found there, for --tshm-baseline")
    group.addoption("--tshm-wait", metavar="SECONDS", type=float, default=10.0,
                    help="how long names may still be removed by processes that a test started (10)")
    group.addoption("--tshm-retries", metavar="N", type=int, default=1,
                    help="run a test that grew so often again, and fail it if it always grows (1)")


def _is_worker(config):
    return hasattr(config, "workerinput") or "PYTEST_XDIST_WORKER" in os.environ


def _folder():
    """For the ledgers: on a tmpfs if there is one."""
    for base in (os.environ.get("XDG_RUNTIME_DIR"), "/dev/shm"):
        if base and os.access(base, os.W_OK | os.X_OK):
            return tempfile.mkdtemp(prefix="tshm-pytest-", dir=base)
    return tempfile.mkdtemp(prefix="tshm-pytest-")


# Around the wrapper of pytest's own that begins to capture: a program started anew must have the real output.
@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config, parser, args):
    options = early_config.known_args_namespace
    if options.tshm and not options.help and not _library.active() and not _is_worker(early_config):
        _start_anew()
    yield


def _start_anew():
    folder = None
    if not os.environ.get(_reexec.AGAIN) and not os.environ.get("TSHM_DIR"):
        os.environ[FOLDER] = folder = _folder()
    try:
        _reexec.reexec(folder)
    except (OSError, RuntimeError) as error:
        if folder:
            os.environ.pop(FOLDER)
            shutil.rmtree(folder, ignore_errors=True)
        raise pytest.UsageError("--tshm: %s" % error)


def pytest_configure(config):
    config.addinivalue_line("markers", "tshm(allow=...): rule ids or patterns (of rule, object, function, file; RULE:PATTERN) "
                                       "that are no leak of this test; allow='*': do not judge it")
    if not config.option.tshm:
        return
    # Inherited by what the tests start, which is no part of this.
    os.environ.pop(_reexec.AGAIN, None)
    folder = os.environ.pop(FOLDER, None)
    try:
        _check(config)
    except pytest.UsageError:
        if folder:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    if config.option.tshm_write_baseline:
        config.option.tshm_write_baseline = os.path.abspath(config.option.tshm_write_baseline)  # workers, and tests that chdir()
        if not _is_worker(config):
            _baseline.forget_parts(config.option.tshm_write_baseline)
    config.pluginmanager.register(Judge(config, folder), "tshm-judge")


def _check(config):
    if not _library.active():
        raise pytest.UsageError("--tshm: this process is not recorded: libtshm.so was not preloaded")
    if not _place.report_path():
        raise pytest.UsageError("--tshm: tshm-report was not found: set TSHM_REPORT to its path")
    for file in config.option.tshm_suppressions + [config.option.tshm_baseline or "."]:
        if not os.path.exists(file):
            raise pytest.UsageError("--tshm: %s is not there" % file)


class Watch:
    """One run of one test."""

    WHATS = (_library.DESCRIPTORS, _library.SEGMENTS, _library.MAPPINGS, _library.SEMAPHORES, _library.IPC)

    def __init__(self, name, uncaptured):
        self.name = name
        self.uncaptured = uncaptured
        self.before = _names.snapshot()
        self.grown = dict.fromkeys(self.WHATS, 0)
        self.paused = 0
        self.late = dict.fromkeys(self.WHATS, 0)  # what went while fixtures of others ended
        _library.begin(name)

    def pause(self):
        self.paused += 1
        if self.paused == 1:
            with self.uncaptured():
                if self.is_suspicious():  # garbage that goes while nobody counts would seem to stay
                    gc.collect()
                self._add(self.grown)
                _library.end(self.name)
            self.names = _names.snapshot()

    def resume(self):
        self.paused -= 1
        if self.paused == 0:
            self.before.update(_names.new(self.names))
            with self.uncaptured():
                _library.begin(self.name)

    def _add(self, grown):
        for what in self.WHATS:
            grown[what] += _library.growth(self.name, what)

    def is_suspicious(self):
        """Only then is a report worth its time, and its verdict counts."""
        now = {what: count + self.late[what] for what, count in self.grown.items()}
        self._add(now)
        descriptors, segments, mappings, semaphores, ipc = (now[what] for what in self.WHATS)
        return (segments > 0 or descriptors - segments > TOLERANCE or mappings > 0 or semaphores > TOLERANCE or
                ipc > TOLERANCE)

    def end(self):
        """Did it grow?"""
        suspicious = self.is_suspicious()
        until = time.monotonic() + PATIENCE
        while suspicious:
            gc.collect()
            suspicious = self.is_suspicious()
            if time.monotonic() >= until:
                break
            time.sleep(0.01)
        _library.end(self.name)
        return suspicious


def _live():
    return [_library.live(what) or 0 for what in Watch.WHATS]


class Shared:
    """What the fixtures of classes, modules and the session hold.

    They may hold things of the test that was the first to use them, too (setUpClass does: the instance),
    which then go when the fixture ends and not with the test.
    """

    def __init__(self):
        self.of = []  # (fixture, what it added)
        self.inner = []
        self.before = None

    def setup_begins(self):
        self.inner.append([_live(), [0] * len(Watch.WHATS)])

    def setup_ends(self, fixture):
        before, inner = self.inner.pop()
        all_of_it = [now - then for now, then in zip(_live(), before)]
        self.of.append((fixture, [a - i for a, i in zip(all_of_it, inner)]))
        if self.inner:
            self.inner[-1][1] = [a + i for a, i in zip(all_of_it, self.inner[-1][1])]

    def end_begins(self):
        self.before = _live()

    def end_ends(self):
        """What went and was not the fixtures': of each at most 0."""
        gc.collect()
        gone = [now - then for now, then in zip(_live(), self.before)]
        for fixture, added in self.of:
            if fixture.cached_result is None:
                gone = [g + a for g, a in zip(gone, added)]
        self.of = [(fixture, added) for fixture, added in self.of if fixture.cached_result is not None]
        return {what: min(0, g) for what, g in zip(Watch.WHATS, gone)}


class Judge:
    def __init__(self, config, folder):
        self.config = config
        self.folder = folder
        self.watch = None
        self.shared = Shared()
        self.runs = 0
        self.named = 0
        self.names_told = set()
        self.last = []  # what no test is to blame for
        self.trouble = None
        self.known = config.option.tshm_write_baseline
        self.options = {"gate": config.option.tshm_gate, "suppressions": config.option.tshm_suppressions,
                        "baseline": config.option.tshm_baseline}

    # ---- a test ----

    def pytest_collection_modifyitems(self, items):
        for item in items:
            _allowed(item)  # what is wrong there is told before any test runs

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item, nextitem):
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        reports, findings = self._run(item, nextitem)
        tries = self.config.option.tshm_retries
        while findings and tries > 0 and all(f["rule"] in GROWTH for f in findings):
            tries -= 1
            _, findings = self._run(item, nextitem, findings)
        if findings:
            self._fail(item, reports, findings)
        for report in reports:
            item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    def _run(self, item, nextitem, otherwise=()):
        """The reports, and the findings; `otherwise` if it does not pass."""
        allowed = _allowed(item)
        if "*" in allowed:
            return runtestprotocol(item, log=False, nextitem=nextitem), []
        self._wrap_teardown(item, nextitem)
        self.watch = watch = Watch(self._mark(item), self._uncaptured)
        try:
            reports = runtestprotocol(item, log=False, nextitem=nextitem)
            grew = watch.end()
        finally:
            self.watch = None
            item.__dict__.pop("teardown", None)
        # What a failed test holds is held by its traceback.
        if not all(report.passed for report in reports):
            return reports, list(otherwise)
        try:
            return reports, [f for f in self._judge(watch, grew) if not _is_allowed(f, allowed)]
        except _report.ReportError as error:
            return reports, [{"rule": "no-report", "severity": "error", "message": str(error)}]

    def _uncaptured(self):
        """pytest's files for captured output, which may lie in shared memory, stand in for 1 and 2 at no begin and no end of a mark."""
        manager = self.config.pluginmanager.getplugin("capturemanager")
        return manager.global_and_fixture_disabled() if manager else contextlib.suppress()

    def _mark(self, item):
        """Names of marks stay in the ledger, so the last of many tests have none of their own."""
        self.runs += 1
        name = "".join(c if " " < c < "\x7f" and c not in '"\\' else "?" for c in item.nodeid)[-200:]
        self.named += len(name) + 16
        return "%s #%d" % (name, self.runs) if self.named < NAMES_ROOM else "test #%d" % (self.runs % MARKS)

    def _wrap_teardown(self, item, nextitem):
        """The end of fixtures that others share is not the test's, though it comes with its teardown."""
        mine = item.listchain()[:-1]
        if nextitem is not None and nextitem.listchain()[:len(mine)] == mine:
            return
        own = item.teardown

        def teardown():
            try:
                own()
            finally:
                if self.watch and not self.watch.paused:
                    self.watch.pause()
                    self.shared.end_begins()
        item.teardown = teardown

    # Inside of pytest's own wrapper, which moves descriptors to capture output.
    @pytest.hookimpl(hookwrapper=True, trylast=True)
    def pytest_runtest_teardown(self, item, nextitem):
        yield
        if self.watch and self.watch.paused:
            self.watch.late = self.shared.end_ends()
            self.watch.resume()

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_fixture_setup(self, fixturedef, request):
        watch = self.watch if fixturedef.scope != "function" else None
        if watch:
            watch.pause()
            self.shared.setup_begins()
        yield
        if watch:
            self.shared.setup_ends(fixturedef)
            watch.resume()

    def _judge(self, watch, grew):
        names = _names.left(watch.before, [os.getpid()], self.config.option.tshm_wait, **self.options)
        findings = [left.finding() for left in names]
        if grew:
            findings += [_frames.put_users_first(f) for f in _report.report(**self.options)["findings"] if f["rule"] in GROWTH and
                         f["pid"] == os.getpid() and 'mark "%s"' % watch.name in f["message"]]
            findings = [f for f in findings if not (f["rule"] in GROWTH and _frames.is_import(f))]
        for finding in findings:
            finding["message"] = finding["message"].replace(' of mark "%s"' % watch.name, " of the test")
        return [f for f in findings if self._is_at_gate(f)]

    def _is_at_gate(self, finding):
        at = ("error", "warning") if self.config.option.tshm_gate == "strict" else ("error",)
        return finding["severity"] in at and not finding.get("suppressed_by") and not finding.get("known")

    def _fail(self, item, reports, findings):
        report = next((r for r in reports if r.when == "call"), reports[-1])
        text = "\n\n".join(_frames.text(finding) for finding in findings)
        report.outcome = "failed"
        report.longrepr = _failure(item, findings, text)
        report.tshm = [{"rule": f["rule"], "message": f["message"], "name": f.get("object_name"),
                        "where": "%s:%s" % blamed if blamed else None}
                       for f, blamed in ((f, _blamed(f)) for f in findings)]

    # ---- all of them ----

    def pytest_runtest_logreport(self, report):
        self.names_told.update(f["name"] for f in getattr(report, "tshm", ()) if f["name"])

    @pytest.hookimpl(hookwrapper=True)
    def pytest_sessionfinish(self, session):
        # A worker's, while it is waited for: xdist tells that it has finished within the yield.
        if _is_worker(self.config) and self.known:
            self._try(lambda: _baseline.write_part(self.known, os.environ.get("PYTEST_XDIST_WORKER", "gw")))
        yield
        if _is_worker(self.config):
            return
        self.last = self._try(self._of_the_whole) or []
        if (self.last or self.trouble) and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _try(self, what):
        try:
            return what()
        except (_report.ReportError, OSError) as error:
            self.trouble = str(error)

    def _wait_for_trackers(self):
        """Resource trackers of workers and other children that have just ended still remove names: these are no leaks."""
        until = time.monotonic() + self.config.option.tshm_wait
        while time.monotonic() < until:
            running = [p for p in _report.report()["processes"] if p["state"] == "running"]
            pids = {p["pid"] for p in running}
            if all(p["ppid"] in pids or not any("resource_tracker" in word for word in p["argv"]) for p in running):
                return
            time.sleep(0.02)

    def _of_the_whole(self):
        """What is wrong by now, and no test was told: children that lost descriptors, names of who has ended."""
        self._wait_for_trackers()
        report = _baseline.write(self.known, self.options) if self.known else _report.report(**self.options)
        names = {o["id"]: _names._key(o) for o in report["objects"]}
        others = {o["id"] for o in report["objects"] if not o["creator"]}
        return [f for f in report["findings"] if f["rule"] not in GROWTH and self._is_at_gate(f) and
                f["rule"] != "shm-appeared" and f["object"] not in others and
                names.get(f["object"]) not in self.names_told]

    def pytest_report_header(self):
        return "tshm: %s, ledgers in %s" % (_place.path(), _report.run())

    def pytest_terminal_summary(self, terminalreporter):
        failed = [r for r in terminalreporter.getreports("failed") if getattr(r, "tshm", None)]
        if not failed and not self.last and not self.trouble:
            return
        terminalreporter.section("tshm: leaks")
        for report in failed:
            for finding in report.tshm:
                terminalreporter.write_line("%s: %s%s" % (report.nodeid, finding["rule"],
                                                          " at " + finding["where"] if finding["where"] else ""))
        for finding in self.last:
            terminalreporter.write_line(_frames.text(finding))
        if self.trouble:
            terminalreporter.write_line("the whole could not be judged: " + self.trouble)
        terminalreporter.write_line("%d of the tests leaked, %d more finding%s of the whole" % (
            len(failed), len(self.last), "" if len(self.last) == 1 else "s"))

    def pytest_unconfigure(self):
        if self.folder and not _is_worker(self.config):
            shutil.rmtree(self.folder, ignore_errors=True)


def _allowed(item):
    found = []
    for mark in item.iter_markers("tshm"):
        allow = mark.kwargs.get("allow", mark.args)
        allow = [allow] if isinstance(allow, str) else allow
        if not isinstance(allow, (list, tuple)) or not all(isinstance(pattern, str) for pattern in allow):
            raise pytest.UsageError("%s: mark.tshm(allow=...) takes a string or a list of strings, not %r" % (item.nodeid, allow))
        found += allow
    return found


def _is_allowed(finding, allowed):
    words = [finding.get("object_name"), finding["rule"]]
    for frame in finding.get("stack", []) + finding.get("stack2", []):
        function = frame.get("function") or ""
        words += [function, function.rpartition(".")[2]]  # Python's have those around them, too
        for name in (frame.get("file"), frame.get("module")):
            words += [name, os.path.basename(name)] if name else []
    for pattern in allowed:
        rule, colon, rest = pattern.partition(":")
        if colon and fnmatch.fnmatchcase(finding["rule"], rule):
            pattern = rest
        elif colon:
            continue
        if any(word and fnmatch.fnmatchcase(word, pattern) for word in words):
            return True
    return False


def _blamed(finding):
    """The line to show, in a file that is named as pytest names files."""
    blamed = _frames.blamed(finding)
    if not blamed:
        return None
    relative = os.path.relpath(blamed[0])
    return (blamed[0] if relative.startswith(".." + os.sep) else relative), blamed[1]


def _failure(item, findings, text):
    """As pytest writes failures, so that they are in its short summary and in JUnit files."""
    path, line = _blamed(findings[0]) or (str(item.location[0]), (item.location[1] or 0) + 1)
    message = "%s: %s" % (findings[0]["rule"], findings[0]["message"])
    try:
        from _pytest._code.code import ReprEntryNative, ReprExceptionInfo, ReprFileLocation, ReprTraceback
        where = ReprFileLocation(path, int(line), message)
        entries = [ReprEntryNative([one + "\n" for one in text.split("\n")] + ["\n", "%s:%s: leak\n" % (path, line)])]
        return ReprExceptionInfo(reprtraceback=ReprTraceback(entries, None, "native"), reprcrash=where)
    except (ImportError, TypeError):
        return text
