/* SPDX-License-Identifier: MIT */
/*
 * A preload library that defines functions of the driver, and forwards to the next, or with BY_HANDLE to
 * libcuda itself (as mcshim does).  No look-up of the runtime finds it: callers that are linked do.
 */
#include "shim.h"

#ifdef BY_HANDLE
static void *find(const char *name)
{
	void *driver = dlopen("libcuda.so.1", RTLD_NOW);

	return driver ? dlsym(driver, name) : NULL;
}
#define FIND(name) find(name)
#else
#define FIND(name) dlsym(RTLD_NEXT, name)
#endif

int cuInit(unsigned flags)
{
	FORWARD(cuInit, (flags));
}

int cuMemAlloc_v2(void **out, size_t size)
{
	FORWARD(cuMemAlloc_v2, (out, size));
}

int cuMemFree_v2(void *block)
{
	FORWARD(cuMemFree_v2, (block));
}

int cuIpcGetMemHandle(struct cuda_handle *handle, void *block)
{
	FORWARD(cuIpcGetMemHandle, (handle, block));
}

int cuCtxGetCurrent(void **context)
{
	FORWARD(cuCtxGetCurrent, (context));
}
