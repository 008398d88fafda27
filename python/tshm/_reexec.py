# SPDX-License-Identifier: MIT
"""Start the current program anew under the library."""
import os
import sys

from . import _library, _place

AGAIN = "TSHM_REEXEC"  # in the environment of a program that was started anew, so that it is done once


def command_line():
    """As the kernel was told it: sys.argv lacks Python's own options."""
    with open("/proc/self/cmdline", "rb") as file:
        words = file.read().split(b"\0")[:-1]
    return [os.fsdecode(word) for word in words]


def reexec(directory=None):
    """Run the program again with the library, unless it has it; does not return then.

    The ledgers go to `directory`, which must be there, else to the user's pool.  What the program did
    so far it does again; a program that was read from standard input cannot be.
    """
    if _library.active():
        return
    library = _place.path()
    if not library:
        raise RuntimeError("libtshm.so was not found: install tshm, or set TSHM_LIB to its path")
    if os.environ.get(AGAIN):
        raise RuntimeError("the program was started with %s but is not recorded" % library)
    environment = dict(os.environ)
    others = environment.get("LD_PRELOAD")
    environment["LD_PRELOAD"] = library + ":" + others if others else library
    environment[AGAIN] = "1"
    if directory:
        environment["TSHM_DIR"] = os.path.abspath(directory)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):
            pass
    os.execve(sys.executable or "/proc/self/exe", command_line(), environment)
