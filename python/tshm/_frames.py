# SPDX-License-Identifier: MIT
"""Findings for people: the text, and the line of the program that is to blame."""
import os
import sysconfig

_STANDARD = os.path.realpath(sysconfig.get_paths()["stdlib"]) + os.sep


def _is_users(frame):
    name = frame.get("file") or ""
    if frame["kind"] != "python" or name.startswith("<") or "/site-packages/" in name or "/dist-packages/" in name:
        return False
    return not os.path.realpath(name).startswith(_STANDARD) and not _is_runners(frame)


def blamed(finding):
    """(file, line) of the innermost frame of the program's own Python, else of any Python, else of any; or None."""
    stack = [f for f in finding.get("stack", []) if f.get("file")]
    for wanted in (_is_users, lambda f: f["kind"] == "python", lambda f: True):
        for frame in stack:
            if wanted(frame):
                return frame["file"], frame["line"]
    return None


def put_users_first(finding):
    """What pytest or a library moved about may be told first, and what the program made second.

    A baseline knows the first, which is about each test, so it says nothing of this one.
    """
    first, second = finding.get("stack") or [], finding.get("stack2") or []
    if not any(map(_is_users, first)) and any(map(_is_users, second)):
        finding["stack"], finding["stack2"], finding["call"], finding["known"] = second, [], None, False
    return finding


def is_import(finding):
    """Was it made while a module was imported?  That is done once."""
    return any(f["kind"] == "python" and (f.get("file") or "").startswith("<frozen importlib") for f in finding.get("stack", []))


def _is_runners(frame):
    name = (frame.get("file") or "").replace(os.sep, "/")
    return "/_pytest/" in name or "/pluggy/" in name or name.endswith(("/unittest/case.py", "/tshm/pytest_plugin.py"))


def _line(frame):
    where = "%s:%s" % (frame["file"], frame["line"]) if frame.get("file") else os.path.basename(frame.get("module") or "?")
    return "%s (%s)" % (frame.get("function") or "?", where)


def _stack(frames):
    """Native frames up to the first of Python, then Python's, to where the test began."""
    python = False
    for frame in frames:
        if frame["kind"] == "python":
            python = True
            if _is_runners(frame):
                return
            yield frame
        elif not python and frame.get("function") and not frame["function"].startswith(("_Py", "Py", "cfunction", "method")):
            yield frame


def lines(finding):
    yield "%s %s: %s" % (finding["severity"], finding["rule"], finding["message"])
    frames = list(_stack(finding.get("stack") or []))
    if finding.get("call"):
        yield "    at %s" % finding["call"]
        frames = [f for f in frames if f.get("function") != finding["call"]]
    for frame in frames:
        yield "    by %s" % _line(frame)
    second = list(_stack(finding.get("stack2") or []))
    if second:
        yield "  and by"
    for frame in second:
        yield "    by %s" % _line(frame)
    if finding.get("advice"):
        yield "    fix: %s" % finding["advice"]


def text(finding):
    return "\n".join(lines(finding))
