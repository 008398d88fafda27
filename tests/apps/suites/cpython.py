#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# suite: CPython's own tests of processes, descriptors, sockets, mappings and shared memory
# packages: libpython3.11-testsuite python3
# part: test_os 250 60 ci
# part: test_posix 120 60 ci
# part: test_mmap 30 60 ci
# part: test_fork1 2 300
# part: test_select 2 300
# part: test_selectors 2 300
# part: test_socket 2 300
# part: test_socketserver 2 300
# part: test_subprocess 2 300
# part: test_signal 2 300
# part: test_threading 2 300
# part: test_fcntl 2 300
# part: test_tempfile 2 300
# part: test_shutil 2 300
# part: test_poll 2 300
# part: test_epoll 2 300
# part: test_pty 2 300
# part: test_wait3 2 300
# part: test_popen 2 300
# part: test_asyncio 2 300
# part: test_concurrent_futures 2 300
# part: test_multiprocessing_fork 2 300
# part: test_multiprocessing_forkserver 2 300
# part: test_multiprocessing_spawn 2 300
# part: test_multiprocessing_main_handling 2 300
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
        print("no test package", file=sys.stderr)
        sys.exit(77)
    support.verbose = True
    part, wanted = sys.argv[1], set(sys.argv[2:])
    # What "network" means there is localhost; elsewhere it is the world.
    support.use_resources = ["network"] if part == "test_socketserver" else []
    suite = unittest.defaultTestLoader.loadTestsFromName("test." + part)
    tests = [test for test in tests_of(suite) if not (wanted and test.id() not in wanted or LEFT_OUT.search(test.id()))]
    unittest.TextTestRunner(resultclass=Result, verbosity=2).run(unittest.TestSuite(tests))
    # Failures are verdicts, and compared; the status is for a suite that could not run.
    support.reap_children()


if __name__ == "__main__":
    main()
