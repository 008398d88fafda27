#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The stack walker beside libunwind and libgcc, in many programs.

Builds the programs of this folder by each compiler, level and frame pointer setting, runs them and
what else is installed under oracle.so, and prints how many captures agreed.  A difference that is
no line of the file `explained` fails:  program | where | class | why
(the first two are patterns of fnmatch; where: module:symbol of the last common frame).
A program that dies or in which nothing is captured fails too.
"""
import argparse, fnmatch, glob, json, os, shutil, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SUSPECT = ("shorter", "longer", "different", "lost")
CLASSES = ("equal", "astray") + SUSPECT

REAL = {
    "python3": ["python3", "-c", "import json,re,os,subprocess as s;[json.dumps(list(os.environ)) for i in range(50)];"
                "s.run(['true']);sorted(range(99),key=lambda x:os.getenv('X',x))"],
    "perl": ["perl", "-e", 'for(1..200){open(F,"<","/dev/null");my @a=sort{$b<=>$a}(1..50);close F;}'],
    "gdb": ["gdb", "-batch", "-nx", "-ex", "info functions tshm_", "/bin/true"],
    "node": ["node", "-e", 'const f=require("fs");for(let i=0;i<50;i++)f.readFileSync("/etc/hostname")'],
    "bash": ["bash", "-c", 'for i in 1 2 3 4 5; do x=$(echo $i | cat); done'],
    "sqlite3": ["sqlite3", ":memory:", "create table t(a);insert into t values(1),(2);select sum(a) from t;"],
    "git": ["git", "-C", "/", "--version"],
    "tar": ["tar", "cf", "/dev/null", "/etc/default"],
    "g++": ["g++", "-O2", "-x", "c++", "-c", "-o", "/dev/null", os.path.join(HERE, "programs/templates.cc")],
    "java": ["java", "-version"],
    "ls": ["ls", "-lR", "/etc/default"],
    "make": ["make", "--version"],
}


def builds(quick, folder):
    """(name, command) of each program in each way to build it."""
    for compiler in ("gcc", "clang"):
        if not shutil.which(compiler) or (quick and compiler == "clang"):
            continue
        for level in ("-O0", "-O2") if quick else ("-O0", "-O1", "-O2", "-O3"):
            for frames in ("-fomit-frame-pointer",) if quick else ("-fomit-frame-pointer", "-fno-omit-frame-pointer"):
                for source in sorted(glob.glob(os.path.join(HERE, "programs/*.c*"))):
                    stem, suffix = os.path.splitext(os.path.basename(source))
                    driver = {"gcc": "g++", "clang": "clang++"}[compiler] if suffix == ".cc" else compiler
                    if not shutil.which(driver):
                        continue
                    out = os.path.join(folder, f"{stem}{level}{'' if 'no-' not in frames else '-fp'}-{compiler}")
                    extra = [os.path.join(HERE, "programs/frames.S")] if stem == "assembly" else []
                    done = subprocess.run([driver, level, frames, "-g", "-w", "-rdynamic", "-D_GNU_SOURCE", "-pthread", "-o", out,
                                           source] + extra, capture_output=True, text=True)
                    if done.returncode == 0:
                        yield os.path.basename(out), [out]
                    elif compiler == "gcc":		# clang refuses nested functions
                        sys.exit(f"{source} does not build:\n{done.stderr}")


def run(library, command, out, tick):
    """What was written, image by image, and the status."""
    e = dict(os.environ, LD_PRELOAD=library, ORACLE_OUT=out, ORACLE_EVERY="7", ORACLE_LIMIT="50000")
    e.pop("TSHM_OPTIONS", None)
    if tick:
        e["ORACLE_TICK"] = str(tick)
    status = subprocess.run(command, env=e, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL, timeout=120).returncode
    if not os.path.exists(out):
        return [], status
    with open(out) as lines:
        seen = [json.loads(line) for line in lines]
    os.unlink(out)
    return seen, status


def chain(places):
    return " < ".join(f"{p['module']}:{p['symbol']}+{p['offset']}" for p in places) or "nothing"


def explained():
    with open(os.path.join(HERE, "explained")) as lines:
        return [[w.strip() for w in line.split("|")] for line in lines if line.strip() and line[0] != "#"]


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("library")
    p.add_argument("--quick", action="store_true")
    args = p.parse_args()
    known, used = explained(), {}
    total = {against: dict.fromkeys(CLASSES, 0) for against in ("libunwind", "libgcc")}
    captures = programs = bad = 0
    folder = tempfile.mkdtemp(prefix="tshm-oracle-")
    try:
        todo = list(builds(args.quick, folder))
        if not args.quick:
            todo += [(name, command) for name, command in REAL.items() if shutil.which(command[0])]
        for name, command in todo:
            out = os.path.join(folder, "out")
            seen, status = run(os.path.abspath(args.library), command, out, 0)
            programs += 1
            if not seen or status < 0:
                print(f"{name}: " + (f"died of signal {-status}" if status < 0 else "nothing was captured"))
                bad += 1
            for image in seen:
                captures += image["captures"]
                for against in total:
                    for c, n in image[against].items():
                        total[against][c] += n
                for d in image["differences"]:
                    where = f"{d['at']['module']}:{d['at']['symbol']}"
                    row = next((i for i, (who, at, what, _) in enumerate(known) if fnmatch.fnmatch(name, who) and
                                fnmatch.fnmatch(where, at) and what in (d["class"], "*")), None)
                    if row is not None:
                        used[row] = used.get(row, 0) + d["count"]
                    elif d["class"] in SUSPECT:
                        bad += d["count"]
                        print(f"{name} ({image['program']}): {d['class']} than {d['against']}, {d['count']} times, frame "
                              f"{d['frame']} after {where}+{d['at']['offset']}; the third walker: {d['third']}\n"
                              f"    ours:   {chain(d['ours'])}\n    theirs: {chain(d['theirs'])}")
    finally:
        shutil.rmtree(folder)
    print(f"{programs} programs, {captures} captures")
    for against, counts in total.items():
        print(f"  beside {against:9}: " + ", ".join(f"{n} {c}" for c, n in counts.items() if n))
    for i in sorted(used):
        print(f"  explained, {used[i]} times: " + " | ".join(known[i]))
    if not captures:
        sys.exit("nothing was captured at all")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
