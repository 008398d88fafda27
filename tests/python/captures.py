# SPDX-License-Identifier: MIT
"""captures.py COUNT: makes COUNT descriptors from stacks of many shapes, and writes down what Python itself says of
each stack at the same moment.  Runs on Python 3.6 and later."""
import functools
import json
import os
import random
import sys
import threading
import traceback

told = {}
lock = threading.Lock()


def note(stack):
    # What the capture has: the innermost 24 frames.
    key = json.dumps([[f.filename, f.lineno, f.name] for f in reversed(stack)][:24])
    with lock:
        told[key] = told.get(key, 0) + 1


def close(fd, stack):
    note(stack)
    os.close(fd)


def plain():
    close(os.dup(0), traceback.extract_stack())


def two_lines():
    close(
        os.dup(0), traceback.extract_stack())


def generator(n):
    for _ in range(n):
        close(os.dup(0), traceback.extract_stack()); yield 1


def delegating(n):
    yield from generator(n)


class Thing:
    def __init__(self):
        plain()

    @property
    def value(self):
        close(os.dup(0), traceback.extract_stack())
        return 1

    def __lt__(self, other):
        plain()
        return False

    @functools.lru_cache(maxsize=1)
    def cached(self, number):
        two_lines()
        return number

    def __del__(self):
        plain()


async def coroutine(depth):
    if depth:
        return await coroutine(depth - 1)
    close(os.dup(0), traceback.extract_stack())
    return 1


def run(awaitable):
    try:
        awaitable.send(None)
    except StopIteration:
        pass


def compiled():
    exec(compile("\n" * random.randrange(5) + "plain()", "<string>", "exec"), globals())


def recursive(depth, then):
    if depth == 0:
        return then()
    if depth % 3 == 0:
        return list(map(lambda x: recursive(depth - 1, then), [0]))
    if depth % 3 == 1:
        return [recursive(depth - 1, then) for _ in range(1)]
    return recursive(depth - 1, then)


def naïve_fünction_名():
    plain()


def catching():
    try:
        raise KeyError("x")
    except KeyError:
        close(os.dup(0), traceback.extract_stack())
    finally:
        plain()


SHAPES = [
    plain, two_lines, lambda: list(generator(2)), lambda: sum(delegating(2)), Thing, lambda: Thing().value,
    lambda: sorted([Thing(), Thing()]), lambda: Thing().cached(random.randrange(100)), lambda: run(coroutine(3)), compiled,
    naïve_fünction_名, catching, lambda: max([1, 2], key=lambda x: (plain(), x)[1]),
]


def work(count, seed):
    chosen = random.Random(seed)
    for _ in range(count):
        recursive(chosen.randrange(7), chosen.choice(SHAPES))


def main():
    count = int(sys.argv[1])
    threads = [threading.Thread(target=work, args=(count // 8, seed)) for seed in range(4)]
    for t in threads:
        t.start()
    work(count // 2, 99)
    for t in threads:
        t.join()
    Thing.cached.cache_clear()
    with open(sys.argv[2], "w", encoding="utf-8") as out:
        json.dump(told, out)


if __name__ == "__main__":
    main()
