#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""ci_commands.py FILE: the commands that a file of examples/ci/ runs, in order, as a script for sh -e.

77: python3-yaml is missing.
"""
import pathlib
import sys

try:
    import yaml
except ImportError:
    print("SKIP: python3-yaml is missing", file=sys.stderr)
    sys.exit(77)


def commands(tree):
    """GitHub: "run" of the steps of each job.  GitLab: "before_script" and "script" of each job."""
    if "jobs" in tree:
        for job in tree["jobs"].values():
            yield from (step["run"] for step in job["steps"] if "run" in step)
        return
    for job in tree.values():
        yield from job.get("before_script", [])
        yield from job["script"]


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    print("set -e")
    for command in commands(yaml.safe_load(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))):
        print(command.rstrip("\n"))
