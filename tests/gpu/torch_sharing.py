#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""torch_sharing.py clean|leaking [SENDS]: CUDA tensors go through a queue from one spawned process to another.

Every tenth one comes with an event that both processes know.  clean: each tensor is dropped when it was
read.  leaking: the receiver keeps them all and ends without a word.  TSHM_TORCH_DEVICE=cpu is for looking
at the script itself where there is no GPU.
"""
import os
import sys

try:
    import torch
    import torch.multiprocessing as mp
except ImportError as error:
    print("skipped:", error, file=sys.stderr)
    sys.exit(77)

DEVICE = os.environ.get("TSHM_TORCH_DEVICE", "cuda:0")
WITH_EVENT = 10


def send(tensors, answers, sends):
    for i in range(sends):
        tensor = torch.full((1024,), float(i), device=DEVICE)
        event = None
        if i % WITH_EVENT == 0 and DEVICE != "cpu":
            event = torch.cuda.Event(enable_timing=False, interprocess=True)
            event.record()
        tensors.put((i, tensor, event))
        # The memory is ours: it must live until the other side has it.
        if answers.get(timeout=120) != i:
            sys.exit(3)
        del tensor, event
    tensors.put(None)
    answers.get(timeout=120)
    if DEVICE != "cpu":
        torch.cuda.ipc_collect()


def receive(tensors, answers, leaking):
    kept, wrong = [], 0
    while True:
        item = tensors.get(timeout=120)
        if item is None:
            break
        i, tensor, event = item
        if event is not None:
            event.synchronize()
        wrong += tensor[-1].item() != float(i)
        if leaking:
            kept.append((tensor, event))
        del item, tensor, event
        answers.put(i)
    if DEVICE != "cpu":
        torch.cuda.synchronize()
    answers.put(-1)
    if leaking:
        answers.close()
        answers.join_thread()
        os._exit(1 if wrong else 0)
    sys.exit(1 if wrong else 0)


def main():
    variant = sys.argv[1] if len(sys.argv) > 1 else "clean"
    sends = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    if DEVICE != "cpu" and not torch.cuda.is_available():
        print("skipped: this torch finds no GPU", file=sys.stderr)
        sys.exit(77)
    context = mp.get_context("spawn")
    tensors, answers = context.Queue(), context.Queue()
    processes = [context.Process(target=send, args=(tensors, answers, sends)),
                 context.Process(target=receive, args=(tensors, answers, variant == "leaking"))]
    for process in processes:
        process.start()
    for process in processes:
        process.join(600)
    print(variant, sends, "sends:", [process.exitcode for process in processes])
    sys.exit(0 if all(process.exitcode == 0 for process in processes) else 1)


if __name__ == "__main__":
    main()
