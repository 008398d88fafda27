/* SPDX-License-Identifier: MIT */
/* A preload library that defines functions of the runtime, without a version, and forwards to the next. */
#include "shim.h"

#define FIND(name) dlsym(RTLD_NEXT, name)

int cudaMalloc(void **out, size_t size)
{
	FORWARD(cudaMalloc, (out, size));
}

int cudaFree(void *block)
{
	FORWARD(cudaFree, (block));
}

int cudaIpcGetMemHandle(struct cuda_handle *handle, void *block)
{
	FORWARD(cudaIpcGetMemHandle, (handle, block));
}

int cudaIpcOpenMemHandle(void **out, struct cuda_handle handle, unsigned flags)
{
	FORWARD(cudaIpcOpenMemHandle, (out, handle, flags));
}
