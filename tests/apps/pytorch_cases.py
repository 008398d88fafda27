# SPDX-License-Identifier: MIT
# What PyTorch's own tests do with shared memory, one case per run: pytorch_cases.py CASE STRATEGY.

import os
import signal
import sys
import time

import torch
import torch.multiprocessing as mp
from torch.utils.data import DataLoader, Dataset


class Numbers(Dataset):
    def __len__(self):
        return 64

    def __getitem__(self, index):
        return torch.full((100,), float(index))


def loader():
    total = 0.0
    for batch in DataLoader(Numbers(), batch_size=8, num_workers=2):
        total += batch.sum().item()
    print("sum", total)


def double(tensor):
    return tensor * 2


def fill(queue, done):
    for i in range(4):
        queue.put(torch.full((1000,), float(i)))
    done.wait()


def queue():
    context = mp.get_context("fork")
    line, done = context.Queue(), context.Event()
    child = context.Process(target=fill, args=(line, done))
    child.start()
    print("queue", [line.get().sum().item() for _ in range(4)])
    done.set()
    child.join()


def pool():
    with mp.get_context("fork").Pool(2) as workers:
        results = workers.map(double, [torch.ones(10) * i for i in range(4)])
        print("pool", [r.sum().item() for r in results])
        del results
        workers.close()
        workers.join()


def add_one(tensor):
    tensor += 1


def inherit():
    tensor = torch.zeros(1000).share_memory_()
    child = mp.get_context("fork").Process(target=add_one, args=(tensor,))
    child.start()
    child.join()
    print("inherit", tensor.sum().item(), child.exitcode)


def spawn():
    tensor = torch.zeros(1000).share_memory_()
    child = mp.get_context("spawn").Process(target=add_one, args=(tensor,))
    child.start()
    child.join()
    print("spawn", tensor.sum().item(), child.exitcode)


def manager_of(pid):
    """The torch_shm_manager: it has left the session, but its parent is this process."""
    for entry in os.listdir("/proc"):
        try:
            with open(f"/proc/{entry}/stat") as stat:
                before, _, after = stat.read().rpartition(")")
        except (OSError, ValueError):
            continue
        if "(torch_shm_mana" in before and int(after.split()[1]) == pid:
            return int(entry)
    raise SystemExit("no torch_shm_manager")


def killed():
    tensors = [torch.zeros(1000).share_memory_() for _ in range(3)]
    print("shared", len(tensors), flush=True)
    os.kill(manager_of(os.getpid()), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)


if __name__ == "__main__":
    mp.set_sharing_strategy(sys.argv[2])
    {f.__name__: f for f in (loader, queue, pool, inherit, spawn, killed)}[sys.argv[1]]()
