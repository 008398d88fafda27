# SPDX-License-Identifier: MIT
# multiprocessing.shared_memory, wrongly used: python-shm.py forgotten | tracker; rightly: shared.

import os
import signal
import subprocess
import sys
import time
from multiprocessing import get_context, resource_tracker, shared_memory


def forgotten():
    """Its owner keeps the resource tracker away and is killed before it unlinks."""
    block = shared_memory.SharedMemory(create=True, size=5000)
    resource_tracker.unregister(block._name, "shared_memory")
    print("made", block.size, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)


def tracker():
    """A program that only attaches: its own tracker destroys the block when it ends (cpython#82300)."""
    block = shared_memory.SharedMemory(create=True, size=5000)
    subprocess.run([sys.executable, __file__, "attach", block.name], stderr=subprocess.DEVNULL, check=True)
    wait_for_removal("/dev/shm/" + block.name)
    try:
        block.unlink()
    except FileNotFoundError:
        print("the owner came too late")
        resource_tracker.unregister(block._name, "shared_memory")
    block.close()


def attach(name):
    block = shared_memory.SharedMemory(name=name)
    print("attached", block.size, flush=True)
    block.close()


def shared():
    """The same, but who attaches is a child by multiprocessing: it has its parent's tracker."""
    block = shared_memory.SharedMemory(create=True, size=5000)
    child = get_context("spawn").Process(target=attach, args=(block.name,))
    child.start()
    child.join()
    block.close()
    block.unlink()


def wait_for_removal(path):
    for _ in range(200):
        if not os.path.exists(path):
            return
        time.sleep(0.05)


if __name__ == "__main__":
    {"forgotten": forgotten, "tracker": tracker, "shared": shared, "attach": attach}[sys.argv[1]](*sys.argv[2:])
