# SPDX-License-Identifier: MIT
"""What lines.sh runs: lines.py CASE.  Each leaks on a line of its own, marked LINE CASE."""
import multiprocessing
import os
import sys
import threading
from multiprocessing import resource_tracker, shared_memory


def keep_memfd(kept):
    kept.append(os.memfd_create("batch"))  # LINE worker


def work(tasks):
    """As a loader's worker does: batch by batch, and ends by os._exit() as forked children do."""
    kept = []
    for _ in iter(tasks.get, None):
        keep_memfd(kept)


def worker():
    context = multiprocessing.get_context("fork")
    tasks = context.Queue()
    child = context.Process(target=work, args=(tasks,))
    child.start()
    for task in range(8):
        tasks.put(task)
    tasks.put(None)
    child.join()
    print(child.exitcode)


def forget(where):
    made = forget_spawn() if where == "spawn" else forget_thread()
    resource_tracker.unregister("/" + made.name, "shared_memory")  # or it would remove the name
    made.close()


def forget_spawn():
    return shared_memory.SharedMemory(create=True, size=4096)  # LINE spawn


def forget_thread():
    return shared_memory.SharedMemory(create=True, size=4096)  # LINE thread


def spawn():
    child = multiprocessing.get_context("spawn").Process(target=forget, args=("spawn",))
    child.start()
    child.join()
    print(child.exitcode)


def thread():
    made = threading.Thread(target=forget, args=("thread",))
    made.start()
    made.join()
    print(0)


def loader():
    import torch
    from torch.utils.data import DataLoader, Dataset

    class Leaky(Dataset):
        kept = []

        def __len__(self):
            return 64

        def __getitem__(self, index):
            self.kept.append(os.memfd_create("sample"))  # LINE loader
            return torch.full((100,), float(index))

    print(int(sum(batch.sum().item() for batch in DataLoader(Leaky(), batch_size=8, num_workers=1))) - 201600)


if __name__ == "__main__":
    {f.__name__: f for f in (worker, spawn, thread, loader)}[sys.argv[1]]()
