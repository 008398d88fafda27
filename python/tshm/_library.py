# SPDX-License-Identifier: MIT
"""The functions of include/tshm.h, where the library is loaded."""
import ctypes

DESCRIPTORS, SEGMENTS, MAPPINGS, SEMAPHORES, IPC = 1, 2, 4, 8, 16  # enum tshm_what


def _functions():
    loaded = ctypes.CDLL(None)
    try:
        begin, end, answer = loaded.tshm_mark_begin, loaded.tshm_mark_end, loaded.tshm_active
        held, grown, check = loaded.tshm_live, loaded.tshm_mark_growth, loaded.tshm_leak_check
    except AttributeError:
        return None
    begin.argtypes, begin.restype = [ctypes.c_char_p], None
    end.argtypes = [ctypes.c_char_p]
    held.argtypes, held.restype = [ctypes.c_int], ctypes.c_long
    grown.argtypes, grown.restype = [ctypes.c_char_p, ctypes.c_int], ctypes.c_long
    check.argtypes, check.restype = [ctypes.c_char_p, ctypes.c_uint], ctypes.c_long
    return begin, end, answer, held, grown, check


_library = _functions()


def active():
    """Is this process recorded?"""
    return _library is not None and _library[2]() == 1


def _name(mark):
    return mark if isinstance(mark, bytes) else mark.encode("utf-8", "backslashreplace")


def begin(name):
    if _library:
        _library[0](_name(name))


def end(name):
    """False: there is no such mark."""
    return bool(_library) and _library[1](_name(name)) == 0


class mark:
    """A piece of work that is to leave nothing behind; may be used again, and as a decorator."""

    def __init__(self, name):
        self.name = name

    def __enter__(self):
        begin(self.name)
        return self

    def __exit__(self, *exception):
        end(self.name)
        return False

    def __call__(self, function):
        import functools

        @functools.wraps(function)
        def marked(*arguments, **named):
            with mark(self.name):
                return function(*arguments, **named)
        return marked

    def growth(self, what=DESCRIPTORS):
        return growth(self.name, what)

    def leak_check(self, tolerance=5):
        return leak_check(self.name, tolerance)


def live(what=DESCRIPTORS):
    """How many are live now; None: not known."""
    count = _library[3](what) if _library else -1
    return None if count < 0 else count


def growth(name, what=DESCRIPTORS):
    """How many more than when the mark began (or, if it has ended, were at its end)."""
    return _library[4](_name(getattr(name, "name", name)), what) if _library else 0


def leak_check(name, tolerance=5):
    """How many more are live than the tolerance allows, of segments and memfds than 0; None: no such mark."""
    count = _library[5](_name(getattr(name, "name", name)), tolerance) if _library else -1
    return None if count < 0 else count
