# SPDX-License-Identifier: MIT
"""leak_checker, with the interface of the class in PyTorch's multiprocessing tests, judged by the ledger."""
import gc
import os
import sys
import time

from . import _frames, _library, _names, _report

_count = 0


class leak_checker:
    """Fails the test case if what runs inside leaves descriptors, mappings, or names.

    Names count when this process, a process of check_pid(), or a descendant of one made them, whatever
    they are called; descriptors and mappings when this process holds more than before: more than
    `tolerance`, of segments and memfds any.

    Where nothing is recorded it can only look for names that PyTorch made out of these very pids.
    """

    MAX_WAITING_TIME_IN_SECONDS = 30

    def __init__(self, test_case=None, tolerance=5):
        global _count
        _count += 1
        self.test_case = test_case
        self.tolerance = tolerance
        self.checked_pids = [os.getpid()]
        self.mark = "leak_checker %d" % (_count % 4096)

    def __enter__(self):
        self.before = _names.snapshot()
        _library.begin(self.mark)
        return self

    def check_pid(self, pid):
        """A process that need not be a child of ours; None (of one that did not start yet) is passed over."""
        if pid is not None:
            self.checked_pids.append(int(pid))

    def shm_files(self, wait=True):
        """The findings of names that are left now."""
        gc.collect()
        seconds = self.MAX_WAITING_TIME_IN_SECONDS if wait else 0
        if _library.active():
            return [found.finding() for found in _names.left(self.before, self.checked_pids, seconds)]
        prefixes = tuple("/dev/shm/torch_%d_" % pid for pid in self.checked_pids)
        until = time.monotonic() + (1 if wait else 0)
        while True:
            found = [{"message": "%s was not removed" % name, "rule": "shm-leaked", "severity": "error"}
                     for name in _names.new(self.before) if name.startswith(prefixes)]
            if not found or time.monotonic() >= until:
                return found
            time.sleep(0.01)

    def has_shm_files(self, wait=True):
        """Is a name left?  With wait: that is not removed soon; the waiting ends when it goes."""
        return bool(self.shm_files(wait))

    def growth(self):
        """How much more is held than is allowed, after what only garbage or a thread still holds was given time."""
        until = time.monotonic() + 0.5
        while True:
            count = _library.leak_check(self.mark, self.tolerance) or 0
            if not count or time.monotonic() >= until:
                return count
            gc.collect()
            time.sleep(0.01)

    def __exit__(self, kind, value, trace):
        _collect_cuda()
        grown = self.growth() if kind is None else 0
        _library.end(self.mark)
        if kind is not None:
            return False
        findings = self.shm_files()
        if grown:
            findings += self._grown(grown)
        if findings:
            self._fail("\n".join(_frames.text(finding) for finding in findings))
        return False

    def _grown(self, count):
        try:
            found = [f for f in _report.report()["findings"] if f["rule"].endswith("-growth") and
                     'mark "%s"' % self.mark in f["message"] and f["pid"] == os.getpid() and not f["suppressed_by"]]
        except _report.ReportError as error:
            return [{"rule": "fd-growth", "severity": "error", "message": "%d more than allowed are live (%s)" % (count, error)}]
        return [_frames.put_users_first(f) for f in found if f["severity"] == "error"]

    def _fail(self, message):
        if hasattr(self.test_case, "fail"):
            self.test_case.fail(message)
        raise AssertionError(message)


def _collect_cuda():
    torch = sys.modules.get("torch")
    try:
        if torch and torch.cuda.is_available() and torch.cuda.is_initialized():
            torch.cuda.ipc_collect()
    except (AttributeError, RuntimeError):
        pass
