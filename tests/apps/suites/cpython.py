#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# suite: CPython's own tests of processes, descriptors, sockets, mappings and shared memory
# packages: libpython3.11-testsuite|libpython3.12-testsuite|libpython3.13-testsuite python3
# part: test_os 284 60 ci
# part: test_posix 143 60 ci
# part: test_fork1 3 60 ci
# part: test_wait3 2 60
# part: test_wait4 1 60
# part: test_mmap 39 60 ci
# part: test_fcntl 9 60 ci
# part: test_tempfile 95 60 ci
# part: test_shutil 148 60 ci
# part: test_select 5 60 ci
# part: test_poll 6 90
# part: test_epoll 9 60 ci
# part: test_selectors 103 90
# part: test_pty 6 60 ci
# part: test_popen 4 60 ci
# part: test_subprocess 297 240 ci
# part: test_socket 640 240 ci
# part: test_socketserver 24 60 ci
# part: test_signal 49 240
# part: test_threading 174 180
# part: test_faulthandler 40 120 ci
# part: test_resource 9 120 ci
# part: test_file 30 120
# part: test_fileio 70 120 ci
# part: test_largefile 12 120
# part: test_ctypes 440 120
# part: test_io 500 240
# part: test_cmd_line 49 120
# part: test_logging 190 240
# part: test_httpservers 64 120
# part: test_thread 20 60
# part: test_threadsignals 5 120
# part: test_asyncore 60 120
# part: test_asyncio.test_base_events 98 60
# part: test_asyncio.test_buffered_proto 1 60
# part: test_asyncio.test_context 1 60
# part: test_asyncio.test_events 227 180
# part: test_asyncio.test_futures 139 60
# part: test_asyncio.test_futures2 2 60
# part: test_asyncio.test_locks 63 60
# part: test_asyncio.test_pep492 9 60
# part: test_asyncio.test_proactor_events 71 60
# part: test_asyncio.test_protocols 4 60
# part: test_asyncio.test_queues 39 60
# part: test_asyncio.test_runners 23 60
# part: test_asyncio.test_selector_events 99 60
# part: test_asyncio.test_sendfile 54 60
# part: test_asyncio.test_server 2 60
# part: test_asyncio.test_sock_lowlevel 35 60
# part: test_asyncio.test_ssl 19 180
# part: test_asyncio.test_sslproto 30 60
# part: test_asyncio.test_streams 57 60
# part: test_asyncio.test_subprocess 133 180
# part: test_asyncio.test_taskgroups 27 60
# part: test_asyncio.test_tasks 821 180
# part: test_asyncio.test_threads 5 60
# part: test_asyncio.test_timeouts 19 60
# part: test_asyncio.test_transports 6 60
# part: test_asyncio.test_unix_events 108 60
# part: test_asyncio.test_waitfor 13 60
# part: test_concurrent_futures 216 600
# part: test_multiprocessing_fork 337 600
# part: test_multiprocessing_forkserver 337 600
# part: test_multiprocessing_spawn 337 600
# part: test_multiprocessing_main_handling 35 600
"""cpython.py PART [TEST...]: the tests of one module of CPython, as its own runner calls them."""

import os
import re
import sys
import unittest

# Tests that wait for ever, bare, on some machines: VSOCK in a guest without a host that answers.
LEFT_OUT = re.compile("VSOCK")


def say(verdict, test):
    # Opened for each line: a descriptor that stays would be one more than the tests expect.
    with open(os.environ["TSHM_VERDICTS"], "a") as verdicts:
        verdicts.write(f"{verdict} {test}\n")


class Result(unittest.TextTestResult):
    """One verdict a test; those of its subtests are in it."""

    def startTest(self, test):
        super().startTest(test)
        self.verdict = "PASS"

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self.verdict = "FAIL"

    def addError(self, test, error):
        super().addError(test, error)
        self.verdict = "FAIL"
        if not isinstance(test, unittest.TestCase):  # setUpClass, setUpModule
            say("FAIL", str(test).replace(" ", "-"))

    def addSubTest(self, test, subtest, error):
        super().addSubTest(test, subtest, error)
        if error is not None:
            self.verdict = "FAIL"

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        if isinstance(test, unittest.TestCase):
            self.verdict = "SKIP"

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.verdict = "FAIL"

    def stopTest(self, test):
        super().stopTest(test)
        say(self.verdict, test.id())


def tests_of(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from tests_of(test)
        else:
            yield test


def main():
    try:
        from test import support
    except ImportError:
        print("no package of CPython's tests")
        sys.exit(77)
    support.verbose = True
    part, wanted = sys.argv[1], set(sys.argv[2:])
    # What "network" means there is localhost; elsewhere it is the world.
    support.use_resources = ["network"] if part == "test_socketserver" else []
    try:
        suite = unittest.defaultTestLoader.loadTestsFromName("test." + part)
    except unittest.SkipTest as reason:
        print(reason)
        sys.exit(77)
    tests = [test for test in tests_of(suite) if not (wanted and test.id() not in wanted or LEFT_OUT.search(test.id()))]
    unittest.TextTestRunner(resultclass=Result, verbosity=2).run(unittest.TestSuite(tests))
    # Failures are verdicts, and compared; the status is for a suite that could not run.
    support.reap_children()


if __name__ == "__main__":
    main()
