# SPDX-License-Identifier: MIT
"""What pytest_plugin.sh runs: 3 tests leak, 20 do not."""
import mmap
import multiprocessing
import os
import socket
import tempfile
import threading
import time
import unittest
from multiprocessing import resource_tracker, shared_memory

import pytest

kept, cache = [], {}


def make_frame():
    return os.memfd_create("frame")  # LINE memfd


def forget_name():
    segment = shared_memory.SharedMemory(create=True, size=64)  # LINE name
    segment.close()


def open_eight():
    kept.extend(os.open("/dev/null", os.O_RDONLY) for _ in range(8))  # LINE descriptors


def test_leaks_memfd():
    kept.append(make_frame())


class TestLeaks(unittest.TestCase):
    def test_name(self):
        forget_name()


def test_leaks_descriptors():
    open_eight()


# ---- what is no leak ----

@pytest.fixture(scope="session")
def frames():
    made = [os.memfd_create("session") for _ in range(8)]
    yield made
    for frame in made:
        os.close(frame)


@pytest.fixture(scope="module")
def segment():
    made = shared_memory.SharedMemory(create=True, size=64)
    yield made
    made.close()
    made.unlink()


@pytest.fixture
def frame():
    made = os.memfd_create("function")
    yield made
    os.close(made)


def test_session_fixture(frames):
    assert len(frames) == 8


def test_module_fixture(segment, frame):
    segment.buf[0] = 1


def test_function_fixture(frame, frames):
    os.ftruncate(frame, 4096)


def test_memory_of_fixture(frame):
    os.ftruncate(frame, 4096)
    with mmap.mmap(frame, 4096) as memory:
        memory[0] = 1


@pytest.fixture
def segment_that_garbage_closes():
    made = shared_memory.SharedMemory(create=True, size=64)
    made.unlink()
    return made


def test_dropped_fixture(segment_that_garbage_closes):
    assert segment_that_garbage_closes.size >= 64


def test_cache():
    if "frame" not in cache:
        cache["frame"] = os.memfd_create("cache")


def test_import():
    import sqlite3
    assert sqlite3


def test_shared_memory():
    made = shared_memory.SharedMemory(create=True, size=64)
    made.close()
    made.unlink()


def test_few_descriptors():
    kept.append(open("/dev/null"))


def test_cycle():
    class Node:
        pass
    node = Node()
    node.self, node.frame = node, shared_memory.SharedMemory(create=True, size=64)
    node.frame.unlink()


def put(queue):
    queue.put("x" * 1000)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_queue(method):
    context = multiprocessing.get_context(method)
    queue = context.Queue()
    child = context.Process(target=put, args=(queue,))
    child.start()
    assert len(queue.get()) == 1000
    child.join()


def test_late_thread():
    made = shared_memory.SharedMemory(create=True, size=64)
    threading.Timer(0.1, lambda: (made.close(), made.unlink())).start()


def test_child_that_removes_later():
    made = shared_memory.SharedMemory(create=True, size=64)
    made.close()
    child = os.fork()
    if not child:
        time.sleep(0.6)
        os.unlink("/dev/shm/" + made.name)
        os._exit(0)
    resource_tracker.unregister("/" + made.name, "shared_memory")
    threading.Thread(target=os.waitpid, args=(child, 0)).start()


def test_sockets():
    for end in socket.socketpair():
        end.close()


def test_files(tmp_path):
    (tmp_path / "x").write_text("y")
    with tempfile.TemporaryFile() as file:
        file.write(b"x")


@pytest.mark.tshm(allow="fd-growth")
def test_allowed_rule():
    kept.append(os.memfd_create("allowed"))


@pytest.mark.tshm(allow=["*-growth:open_on_purpose"])
def test_allowed_function():
    def open_on_purpose():
        kept.append(os.memfd_create("allowed"))
    open_on_purpose()


class TestClean(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.frames = [os.memfd_create("class") for _ in range(3)]

    @classmethod
    def tearDownClass(cls):
        for frame in cls.frames:
            os.close(frame)

    def setUp(self):
        self.frame = os.memfd_create("test")

    def tearDown(self):
        os.close(self.frame)

    def test_one(self):
        os.ftruncate(self.frame, 4096)


class TestAlone(unittest.TestCase):
    """pytest keeps the first instance, and what it holds, until the class is torn down."""

    @classmethod
    def setUpClass(cls):
        cls.frames = [os.memfd_create("class") for _ in range(3)]

    @classmethod
    def tearDownClass(cls):
        for frame in cls.frames:
            os.close(frame)

    def test_two(self):
        self.memory = shared_memory.SharedMemory(create=True, size=64)
        self.addCleanup(self.memory.unlink)
