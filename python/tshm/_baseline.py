# SPDX-License-Identifier: MIT
"""Baselines of pytest's session: written while it lives, because resource trackers remove names when it ends."""
import glob
import json
import os

from . import _report

_PARTS = ("rule", "program", "what", "where")
_SEVERITIES = ("note", "warning", "error")


def write_part(file, worker):
    """By a worker of xdist: what it holds now, for write() to add."""
    _report.report(write_baseline="%s.%s" % (file, worker))


def _parts(file):
    return glob.glob(glob.escape(file) + ".gw[0-9]*")


def forget_parts(file):
    """Before the workers begin: those of a session that was killed are not this one's."""
    for part in _parts(file):
        os.unlink(part)


def write(file, options):
    """The report of the whole; what it, and the workers before it, found is in the file."""
    parts = _parts(file)
    try:
        report = _report.report(write_baseline=file, **options)
        if parts:
            _merge(file, parts)
    finally:
        for part in parts:
            os.unlink(part)
    return report


def _merge(file, parts):
    with open(file, encoding="utf-8") as whole:
        root = json.load(whole)
    rows = {}
    for part in [file] + parts:
        with open(part, encoding="utf-8") as source:
            for row in json.load(source)["findings"]:
                key = tuple(tuple(row[p]) if isinstance(row[p], list) else row[p] for p in _PARTS)
                if key not in rows or _SEVERITIES.index(rows[key]["severity"]) < _SEVERITIES.index(row["severity"]):
                    rows[key] = row
    replaces = not os.path.lexists(file) or (os.path.isfile(file) and not os.path.islink(file))  # a device, or a link, stays
    temporary = "%s.%d.new" % (file, os.getpid()) if replaces else file
    with open(temporary, "w", encoding="utf-8") as out:
        out.write('{\n"schema": %s,\n"findings": [\n' % json.dumps(root["schema"]))
        out.write(",\n".join(json.dumps(rows[key], ensure_ascii=False) for key in sorted(rows)))
        out.write("\n]\n}\n")
    if replaces:
        os.replace(temporary, file)
