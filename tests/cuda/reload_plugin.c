/* SPDX-License-Identifier: MIT */
/* A library that is linked with libcudart. */
#include "../fake/cuda.h"

int plugin(void);
void *plugin_where(void);

int plugin(void)
{
	void *block = 0;
	struct cuda_handle handle;
	int error = cudaSetDevice(0);

	if (!error)
		error = cudaMalloc(&block, 4096);
	if (!error)
		error = cudaIpcGetMemHandle(&handle, block);
	return error ? error : cudaFree(block);
}

/* Where libcudart is. */
void *plugin_where(void)
{
	return (void *)cudaRuntimeGetVersion;
}
