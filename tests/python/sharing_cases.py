# SPDX-License-Identifier: MIT
"""PyTorch's sharing, what its own tests of multiprocessing do that needs no GPU, judged by tshm.leak_checker.

Each case is done well, and must be clean, by both strategies; and badly, and must be told with the line
that is marked LINE CASE.  Run under libtshm.so; unittest's arguments.
"""
import gc
import multiprocessing.queues
import os
import time
import unittest

import torch
import torch.multiprocessing as mp

import tshm

REPEATS = int(os.environ.get("TSHM_TEST_REPEATS", "2"))
STRATEGIES = ("file_descriptor", "file_system")
kept = []
# Bare PyTorch 2.15.0 keeps the name of a segment that a spawned child got as an argument until its maker ends, after the
# child has ended and the tensor is gone; 1.13.0 and 2.5.1 remove it, as they remove that of a forked child's.
SPAWNED_STAYS = torch.torch_version.TorchVersion(torch.__version__) >= (2, 15)


def line_of(case):
    with open(__file__) as source:
        return next(n for n, line in enumerate(source, 1) if line.rstrip().endswith("# LINE " + case))


# ---- children ----

def fill(queue, event):
    queue.get()[:] = 4
    event.set()


def send(queue, event, count):
    for n in range(count):
        queue.put(torch.full((5, 5), float(n)))
    event.wait(30)


def add_one(tensor):
    tensor += 1


def double(tensor):
    return tensor * 2


def sleep_holding(tensor, ready):
    ready.set()
    time.sleep(300)


def fail(number):
    raise ValueError(number)


# ---- cases: bad=True leaves something ----

def received(context, bad):
    """A consumer, then a producer (test_fd_sharing)."""
    queue, event = context.Queue(), context.Event()
    x = torch.zeros(5, 5)
    queue.put(x)
    queue.put(x[:, 1])
    child = context.Process(target=fill, args=(queue, event))
    child.start()
    event.wait(30)
    assert x.eq(4).all()
    child.join(30)
    queue.get()
    done = context.Event()
    child = context.Process(target=send, args=(queue, done, 2))
    child.start()
    for _ in range(2):
        got = queue.get()  # LINE received
        if bad:
            kept.append(got)
    del got
    done.set()
    child.join(30)
    return child.pid


def preserved(context, bad):
    """Four views of one storage, put and got in one process (test_fd_preserve_sharing)."""
    queue = context.Queue()
    x = torch.randn(2, 3).share_memory_()  # LINE preserved
    queue.put([x, x[0], x[1], x.view(-1)])
    got = queue.get()
    got[0].fill_(7)
    assert all(t.eq(7).all() for t in got)
    if bad:
        kept.append(got)
    # What a queue's thread sent lately it lets go of with the queue.
    queue.close()
    queue.join_thread()


def pool(context, bad):
    """test_fd_pool"""
    arguments = [torch.full((2, 2), float(n)).share_memory_() for n in range(4)]  # LINE pool
    with context.Pool(2) as workers:
        for n, result in enumerate(workers.map(double, arguments)):
            assert result.eq(2 * n).all()
        del result
        workers.close()
        workers.join()
    if bad:
        kept.append(arguments)


def pool_of_numbers(context, bad):
    """Failing children (test_autograd_errors)."""
    with context.Pool(3) as workers:
        try:
            workers.map(fail, [1, 2, 3])
        except ValueError:
            pass
        workers.close()
        workers.join()
    if bad:
        kept.append(os.memfd_create("after"))  # LINE pool_of_numbers


def inherited(context, bad):
    """By fork, or as an argument of a spawned child (test_inherit_tensor)."""
    tensor = torch.zeros(5, 5).share_memory_()  # LINE inherited
    child = context.Process(target=add_one, args=(tensor,))
    child.start()
    child.join(60)
    assert tensor.eq(1).all()
    if bad:
        kept.append(tensor)


def is_shared(context, bad):
    """test_is_shared"""
    tensor = torch.randn(5, 5)
    assert not tensor.is_shared()
    tensor.share_memory_()  # LINE is_shared
    assert tensor.is_shared()
    if bad:
        kept.append(tensor)


def empty(context, bad):
    """test_empty_shared"""
    torch.tensor([]).share_memory_()
    if bad:
        kept.append(torch.zeros(1).share_memory_())  # LINE empty


def parameter(context, bad):
    """test_parameter_sharing, test_variable_sharing: the gradient is not sent."""
    for requires in (True, False):
        queue = context.Queue()
        value = torch.arange(1.0, 26.0).view(5, 5).share_memory_()  # LINE parameter
        value = torch.nn.Parameter(value, requires_grad=requires)
        queue.put(value)
        got = queue.get()
        assert got.requires_grad == requires and got.data.eq(value.data).all()
        if bad:
            kept.append(got)
        queue.close()
        queue.join_thread()


def non_leaf(context, bad):
    """test_non_leaf_variable_sharing: refused before anything is shared."""
    value = torch.ones(3, requires_grad=True) * 2
    try:
        torch.multiprocessing.reductions.reduce_tensor(value)
    except RuntimeError:
        pass
    else:
        raise AssertionError("a non-leaf was shared")
    if bad:
        kept.append(torch.zeros(3).share_memory_())  # LINE non_leaf


def unreceived(context, bad):
    """A descriptor that waits for a receiver who never comes (queue_get_exception)."""
    queue = context.Queue()
    tensor = torch.zeros(5, 5).share_memory_()  # LINE unreceived
    queue.put(tensor)
    if not bad:
        queue.get()
    queue.close()
    queue.join_thread()


def killed(context, bad):
    """A child dies while it holds what we shared."""
    tensor = torch.zeros(5, 5).share_memory_()  # LINE killed
    ready = context.Event()
    child = context.Process(target=sleep_holding, args=(tensor, ready))
    child.start()
    ready.wait(60)
    child.kill()
    child.join(30)
    if bad:
        kept.append(tensor)


CASES = (received, preserved, pool, pool_of_numbers, inherited, is_shared, empty, parameter, non_leaf, killed, unreceived)
# By file_system an unreceived tensor is counted in its name, and nobody counts it down; by file_descriptor its
# descriptor stays with the thread that serves it.


class Sharing(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.assertTrue(tshm.active(), "run this under libtshm.so")

    def tearDown(self):
        kept.clear()
        gc.collect()

    def do(self, case, strategy, method, bad):
        mp.set_sharing_strategy(strategy)
        context = mp.get_context(method)
        with tshm.leak_checker(self) as lc:
            for _ in range(1 if bad else REPEATS):
                lc.check_pid(case(context, bad))

    def test_visible_midway(self):
        """test_fs: a name is there while it is used, and the waiting ends when it goes."""
        mp.set_sharing_strategy("file_system")
        with tshm.leak_checker(self) as lc:
            tensor = torch.zeros(5, 5).share_memory_()
            self.assertTrue(lc.has_shm_files(wait=False))
            del tensor
            self.assertFalse(lc.has_shm_files())

    def test_other_pid(self):
        """Names are those of real pids: no prefix, and not of others."""
        mp.set_sharing_strategy("file_system")
        tensor = torch.zeros(5, 5).share_memory_()
        with tshm.leak_checker(self) as lc:
            self.assertFalse(lc.has_shm_files(wait=False))
        del tensor


def add(case, strategy, method):
    def clean(self):
        self.do(case, strategy, method, False)

    def leaks(self):
        with self.assertRaises(AssertionError) as caught:
            self.do(case, strategy, method, True)
        where = "%s:%d)" % (__file__, line_of(case.__name__))
        if case is unreceived and strategy == "file_descriptor":
            where = "_feed (%s:" % multiprocessing.queues.__file__  # the queue's thread made it
        self.assertIn(where, str(caught.exception))
        self.assertRegex(str(caught.exception), "(?m)^error (fd|map)-growth|^error shm-leaked")

    name = "%s_%s_%s" % (case.__name__, strategy, method)
    stays = SPAWNED_STAYS and (strategy, method) == ("file_system", "spawn")
    setattr(Sharing, "test_clean_" + name, leaks if stays else clean)
    setattr(Sharing, "test_leaks_" + name, leaks)


for case_ in CASES:
    for strategy_ in STRATEGIES:
        add(case_, strategy_, "fork")
add(inherited, "file_descriptor", "spawn")  # test_integer_parameter_serialization_cpu
add(inherited, "file_system", "spawn")

if __name__ == "__main__":
    unittest.main()
