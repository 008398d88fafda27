# SPDX-License-Identifier: MIT
"""Where libtshm.so and tshm-report are: told by the environment, loaded, installed with us, or in PATH."""
import os
import shutil

try:  # written by "make install"
    from . import _installed
except ImportError:
    _installed = None


def _mapped(suffix):
    """The files in this process's memory whose names end so."""
    found = []
    try:
        with open("/proc/self/maps") as maps:
            for line in maps:
                name = line.rstrip("\n").split(None, 5)[5:]
                if name and name[0].endswith(suffix) and name[0] not in found:
                    found.append(name[0])
    except OSError:
        pass
    return found


def _beside_run(*names):
    program = shutil.which("tshm-run") or shutil.which("tshm-report")
    if program:
        prefix = os.path.dirname(os.path.dirname(os.path.realpath(program)))
        for name in names:
            yield os.path.join(prefix, name)


def path():
    """The library's absolute path, or None."""
    if os.environ.get("TSHM_LIB"):
        candidates = [os.environ["TSHM_LIB"]]
    else:
        candidates = _mapped("/libtshm.so") + [getattr(_installed, "LIBRARY", None)]
        candidates += _beside_run("lib/libtshm.so", "lib64/libtshm.so")
    for candidate in candidates:
        if candidate and os.path.isfile(candidate):
            return os.path.abspath(candidate)
    return None


def report_path():
    """The program tshm-report, or None."""
    given = os.environ.get("TSHM_REPORT")
    for candidate in [given] if given else [getattr(_installed, "REPORT", None), shutil.which("tshm-report")]:
        if candidate and os.access(candidate, os.X_OK):
            return os.path.abspath(candidate)
    return None
