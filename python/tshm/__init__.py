# SPDX-License-Identifier: MIT
"""tshm from Python: marks, leak checks and reports of the process that asks.

    import tshm

    with tshm.mark("epoch"):                  # judged by the report: fd-growth, map-growth, ipc-growth
        run_epoch()

    with tshm.leak_checker(self) as lc:       # in a test: fails if something was left
        ...
        lc.check_pid(worker.pid)

A process is recorded that runs under tshm-run, with LD_PRELOAD, or after tshm.reexec().  In others marks do
nothing, active() is False, growth() is 0, live(), leak_check() and run() are None, and report() raises
ReportError.  Under pytest: pytest --tshm.  See tshm-python(7).
"""
from ._leak_checker import leak_checker
from ._library import DESCRIPTORS, IPC, MAPPINGS, SEGMENTS, SEMAPHORES, active, growth, leak_check, live, mark
from ._place import path, report_path
from ._reexec import reexec
from ._report import ReportError, report, run

__all__ = ["DESCRIPTORS", "IPC", "MAPPINGS", "SEGMENTS", "SEMAPHORES", "ReportError", "active", "growth",
           "leak_check", "leak_checker", "live", "mark", "path", "reexec", "report", "report_path", "run"]
