/* SPDX-License-Identifier: MIT */
/* What of the runtime does not fit into the table as it is; included by one caller. */
#ifndef TSHM_CUDA_RUNTIME_COPIES_H
#define TSHM_CUDA_RUNTIME_COPIES_H

#include "../fake/cuda.h"

static __typeof__(cudaMemcpy) *memcpy_of_runtime;
static __typeof__(cudaSetDevice) *set_device;

static int begin(void)
{
	return set_device(0);
}

static int copy_to(void *to, const void *from, size_t size)
{
	return memcpy_of_runtime(to, from, size, CUDA_HOST_TO_DEVICE);
}

static int copy_from(void *to, const void *from, size_t size)
{
	return memcpy_of_runtime(to, from, size, CUDA_DEVICE_TO_HOST);
}

#endif
