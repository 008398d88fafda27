#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""things.py DEAD LABEL: make a name in each space, some of them held, and say what they are.

DEAD is the number of a process that is gone; LABEL comes into every name.  Each line that is
printed is KIND NAME, as --system calls it, control characters and all escaped as Python's
ascii() does; then "ready".  Until the end of standard input the held ones are held;
then SysV segments and queues are removed.  Names in /dev/shm are left to the script.
"""
import ctypes
import mmap
import os
import socket
import sys

SHM = b"/dev/shm/"
IPC_CREAT, IPC_EXCL, IPC_RMID = 0o1000, 0o2000, 0
libc = ctypes.CDLL(None, use_errno=True)


def library(name):
    """Where that function is: in libc itself since glibc 2.34."""
    try:
        return getattr(libc, name)
    except AttributeError:
        return getattr(ctypes.CDLL("librt.so.1", use_errno=True), name)


def tell(kind, name):
    print(kind, ascii(os.fsdecode(name))[1:-1], flush=True)


def make(kind, name, size=8192):
    fd = os.open(SHM + name, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    os.write(fd, b"x" * size)
    tell(kind, SHM + name)
    return fd


def segments(dead, label):
    """Free, and held in all ways."""
    os.close(make("dead", b"torch_%d_%d" % (dead, os.getpid())))
    os.close(make("alive", b"torch_%d_%d" % (os.getpid(), os.getpid())))
    os.close(make("unknown", label + b"-unknown"))
    os.close(make("semaphore", b"sem." + label, 32))
    kept = [make("fd", label + b"-fd")]
    fd = make("mapped", label + b"-mapped")
    kept.append(mmap.mmap(fd, 4096, prot=mmap.PROT_READ))
    os.close(fd)        # mmap has a descriptor of its own, too
    fd = make("flight", b"torch_%d_%d_1" % (dead, os.getpid()))
    kept.append(socket.socketpair())
    socket.send_fds(kept[-1][0], [b"x"], [fd])
    os.close(fd)
    for kind, odd in (("control", b"\n\x1b[31m\r\t\x07"), ("bytes", b"\xff\xfe\xc3("), ("hidden", "\u202e\u200b".encode())):
        os.close(make(kind, label + b"-" + odd))
    os.close(make("longest", label + b"n" * (255 - len(label))))
    os.mkdir(SHM + label + b"-directory")
    with open(SHM + label + b"-directory/file", "xb") as f:
        f.write(b"x" * 4096)
    tell("directory", SHM + label + b"-directory")
    os.symlink("/etc/passwd", SHM + label + b"-link")
    tell("link", SHM + label + b"-link")
    return kept


def sysv():
    """One without attachments, by a child that is gone; one that is attached."""
    made = []
    for kind in "sysv", "attached":
        reader, writer = os.pipe()
        pid = os.fork()
        if not pid:
            os.write(writer, b"%d" % libc.shmget(0, 4096, IPC_CREAT | IPC_EXCL | 0o600))
            os._exit(0)
        os.waitpid(pid, 0)
        made.append(int(os.read(reader, 100)))
        if made[-1] < 0:
            return []
        tell(kind, b"sysv:%d" % made[-1])
    libc.shmat.restype = ctypes.c_void_p
    libc.shmat(made[1], None, 0)
    return made


def queue(label):
    fd = library("mq_open")(b"/" + label, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600, None)
    if fd >= 0:
        tell("queue", b"mq:/" + label)
    return fd


def main(dead, label):
    kept = segments(dead, label)
    made = sysv()
    made_queue = queue(label)
    print("ready", flush=True)
    sys.stdin.read()
    for number in made:
        libc.shmctl(number, IPC_RMID, None)
    if made_queue >= 0:
        library("mq_unlink")(b"/" + label)
    return len(kept) == 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), os.fsencode(sys.argv[2])))
