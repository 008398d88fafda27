# SPDX-License-Identifier: MIT
"""Names that outlive processes: which are new, which of them are a family's, and whether they go away yet."""
import os
import time

from . import _report

def _entries(directory):
    try:
        with os.scandir(directory) as entries:
            return [entry.path for entry in entries if not entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []


def _sysv():
    try:
        with open("/proc/sysvipc/shm") as table:
            return ["sysv:" + line.split()[1] for line in table.readlines()[1:]]
    except (OSError, IndexError):
        return []


def snapshot():
    """All names now, with what tells a name from a later one that is called the same."""
    names = {}
    for path in _entries("/dev/shm") + _entries("/dev/mqueue"):
        try:
            names[path] = os.lstat(path).st_ino
        except OSError:
            pass
    for name in _sysv():
        names[name] = 0
    return names


def new(before):
    return {name: ino for name, ino in snapshot().items() if before.get(name) != ino}


def _alive(pid):
    try:
        with open("/proc/%d/stat" % pid) as stat:
            return stat.read().rpartition(")")[2].split()[0] not in "ZX"
    except (OSError, IndexError):
        return False


def family(report, pids):
    """Those pids, and all that descend from them."""
    known = set(pids)
    grown = True
    while grown:
        grown = False
        for process in report["processes"]:
            if process["pid"] not in known and process["ppid"] in known:
                known.add(process["pid"])
                grown = True
    return known


def _key(thing):
    """A name as snapshot() writes it."""
    return thing["id"] if thing["id"].startswith("sysv:") else thing["name"]


# Rules about names, and what the program should have called.
_REMOVE = {"shm-leaked": "shm_unlink()", "sem-leaked": "sem_unlink()", "mq-leaked": "mq_unlink()",
           "sysv-leaked": "shmctl(IPC_RMID)", "socket-path-leaked": "unlink()"}


class Left:
    """A name that a family made and nobody removed so far."""

    def __init__(self, thing, report):
        self.object = thing
        self.key = _key(thing)
        self.creator = thing["creator"]
        self.report = report
        self.is_held_here = any(holder["pid"] == os.getpid() for holder in thing["holders"])

    def _told(self, stack, exe):
        """The report's finding of this name, or of several from the same place, of which it tells the first; or {}."""
        programs = {p["image"]: p.get("exe") for p in self.report["processes"]}
        # Not fd-leaked and map-leaked: a child may have had many of the same object.
        left = [f for f in self.report["findings"] if f["rule"] in _REMOVE]
        kinds = {o["id"]: o["kind"] for o in self.report["objects"]}
        for is_it in (lambda f: f["object"] == self.object["id"],
                      lambda f: (f["count"] > 1 and f["stack"] == stack and programs.get(f["image"]) == exe and
                                 kinds.get(f["object"]) == self.object["kind"])):
            for finding in left:
                if is_it(finding):
                    return finding
        return {}

    def finding(self):
        """As a finding of the report is written; the report may have told of several names at once."""
        kind, name = self.object["kind"], self.object["name"]
        process = next((p for p in self.report["processes"] if p["image"] == self.creator["image"]), {})
        program = os.path.basename(process.get("exe") or "?")
        site = next((s for s in self.report["sites"]
                     if s["image"] == self.creator["image"] and s["id"] == self.creator["site"]), {})
        base = self._told(site.get("stack", []), process.get("exe"))
        rule = base.get("rule") or ("sem-leaked" if kind == "semaphore" else "mq-leaked" if "queue" in kind else
                                    "sysv-leaked" if kind.startswith("SysV") else
                                    "socket-path-leaked" if kind == "socket" else "shm-leaked")
        python = {"shm-leaked": " (SharedMemory.unlink())"}.get(rule, "")
        return {"rule": rule, "severity": "note" if rule == "socket-path-leaked" else "error", "pid": self.creator["pid"], "call": site.get("call"),
                "message": "%s %s (%d B) was created by %s (pid %d) and was not removed" % (
                    kind, name or self.object["id"][len("sysv:"):], self.object["size"], program, self.creator["pid"]),
                "advice": "%s%s it where its owner is done with it; also on error paths" % (_REMOVE[rule], python),
                "object_name": self.key, "stack": site.get("stack", []), "stack2": [], "suppressed_by": base.get("suppressed_by"),
                "known": base.get("known", False)}


def left(before, pids, wait=0.0, grace=0.25, ours=None, **options):
    """Names that are there, were not before, and were made by one of the pids or a descendant of it.

    Waits until they have gone: `grace` seconds for threads, and up to `wait` seconds while a process
    lives that may yet remove them, unless this process itself holds one.  The waiting ends when the last of them goes.
    """
    began = time.monotonic()
    judged, pause = {}, 0.001
    helpers = set()
    while True:
        alive = any(_alive(pid) for pid in helpers)  # before the look: what the last one did counts
        there = new(before)
        if not there:
            return []
        if any(item not in judged for item in there.items()):
            report = _report.report(**options)
            known = family(report, pids)
            for item in there.items():
                judged[item] = None
            for thing in report["objects"]:
                if thing["creator"] and thing["creator"]["pid"] in known and thing["state"] != "removed":
                    found = Left(thing, report)
                    ino = 0 if found.key and found.key.startswith("sysv:") else thing["ino"]
                    if (found.key, ino) in judged:
                        judged[found.key, ino] = found
            helpers = {p["pid"] for p in report["processes"] if p["pid"] in known and p["pid"] != os.getpid()
                       and p["state"] == "running" and not any("resource_tracker" in word for word in p["argv"])}
            continue  # it took its time: look again
        still = [judged[item] for item in there.items() if judged[item] and (ours is None or ours(judged[item]))]
        waited = time.monotonic() - began
        # What this very process holds on to nobody removes for it.
        alive = alive and not any(left.is_held_here for left in still)
        if not still or waited > wait or (waited > grace and not alive):
            return still
        time.sleep(pause)
        pause = min(pause * 2, 0.02)
