#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""share_close, told by Python: one program exports a block, another opens, reads and closes it.

Without arguments it is the exporter, and starts itself as the importer.
"""
import ctypes
import os
import subprocess
import sys

SIZE = 65536
TO_DEVICE, FROM_DEVICE = 1, 2
LAZY_PEER_ACCESS = 1


class Handle(ctypes.Structure):
    """cudaIpcMemHandle_t, which is passed by value."""
    _fields_ = [("reserved", ctypes.c_char * 64)]


def load():
    try:
        library = ctypes.CDLL("libcudart.so.13")
    except OSError as error:
        print("skipped:", error, file=sys.stderr)
        sys.exit(77)
    pointer, size = ctypes.c_void_p, ctypes.c_size_t
    library.cudaMalloc.argtypes = [ctypes.POINTER(pointer), size]
    library.cudaFree.argtypes = [pointer]
    library.cudaMemcpy.argtypes = [pointer, pointer, size, ctypes.c_int]
    library.cudaIpcGetMemHandle.argtypes = [ctypes.POINTER(Handle), pointer]
    library.cudaIpcOpenMemHandle.argtypes = [ctypes.POINTER(pointer), Handle, ctypes.c_uint]
    library.cudaIpcCloseMemHandle.argtypes = [pointer]
    error = library.cudaSetDevice(0)
    if error == 100:
        print("skipped: no GPU", file=sys.stderr)
        sys.exit(77)
    ok(error)
    return library


def ok(error):
    if error:
        raise RuntimeError(f"CUDA error {error}")


def open_block(cuda, handle):
    block = ctypes.c_void_p()
    ok(cuda.cudaIpcOpenMemHandle(ctypes.byref(block), handle, LAZY_PEER_ACCESS))
    return block


def importer():
    cuda = load()
    handle = Handle.from_buffer_copy(sys.stdin.buffer.read(ctypes.sizeof(Handle)))
    block = open_block(cuda, handle)
    text = ctypes.create_string_buffer(6)
    ok(cuda.cudaMemcpy(text, block, 6, FROM_DEVICE))
    ok(cuda.cudaIpcCloseMemHandle(block))
    sys.exit(0 if text.raw == b"hello\0" else 99)


def exporter():
    print(f"# pid {os.getpid()}\nEXPECT-NONE", flush=True)
    cuda = load()
    block, handle = ctypes.c_void_p(), Handle()
    ok(cuda.cudaMalloc(ctypes.byref(block), SIZE))
    ok(cuda.cudaMemcpy(block, b"hello\0", 6, TO_DEVICE))
    ok(cuda.cudaDeviceSynchronize())
    ok(cuda.cudaIpcGetMemHandle(ctypes.byref(handle), block))
    other = subprocess.run([sys.executable, __file__, "import"], input=bytes(handle), check=False)
    ok(cuda.cudaFree(block))
    sys.exit(other.returncode)


if sys.argv[1:] == ["import"]:
    importer()
else:
    exporter()
