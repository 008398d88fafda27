# SPDX-License-Identifier: MIT
"""tshm-report of the run that this process belongs to, as of now."""
import json
import os
import subprocess

from . import _library, _place


class ReportError(RuntimeError):
    """tshm-report is not there, or could not judge."""


def ledger():
    """The path of this process's own ledger, or None."""
    if not _library.active():
        return None
    # A child that was forked has its own; that of its parent is not mapped any more.
    found = [name for name in _place._mapped(".tshm")]
    return found[-1] if found else None


def run():
    """What tshm-report calls this process's run: a directory, or the token of a ledger in the pool."""
    own = ledger()
    if not own:
        return None
    directory, name = os.path.split(own)
    return name[:-len(".tshm")] if os.path.basename(directory) == "loose" else directory


def _environment():
    environment = dict(os.environ)
    environment.pop("LD_PRELOAD", None)  # not a part of the run that it reads
    return environment


def _arguments(options):
    for key, value in options.items():
        name = "--" + key.replace("_", "-")
        if value is True:
            yield name
        elif value is None or value is False:
            continue
        elif isinstance(value, (list, tuple)):
            for one in value:
                yield "%s=%s" % (name, os.fspath(one))
        else:
            yield "%s=%s" % (name, value)


def report(**options):
    """The report of this process's run as a dict, see JSON in tshm-report(1).

    Options are those of tshm-report: gate="strict", suppressions=["file"], holders=True.
    """
    program = _place.report_path()
    if not program:
        raise ReportError("tshm-report was not found: install tshm, or set TSHM_REPORT to its path")
    which = run()
    if not which:
        raise ReportError("this process is not recorded: run it under tshm-run, or call tshm.reexec()")
    command = [program, "--format=json"] + list(_arguments(options)) + [which]
    environment = _environment()
    if os.sep not in which:
        environment.pop("TSHM_DIR", None)
        environment["TSHM_DIR"] = os.path.dirname(os.path.dirname(ledger()))
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
    # 1: findings at the gate; 3: not judged, but the facts are there.
    if not done.stdout or done.returncode not in (0, 1, 3):
        raise ReportError("%s: %s" % (" ".join(command), done.stderr.decode(errors="replace").strip() or done.returncode))
    return json.loads(done.stdout.decode("utf-8", "replace"))
