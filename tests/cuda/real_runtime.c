/* SPDX-License-Identifier: MIT */
/*
 * Calls NVIDIA's own runtime, and prints what each call said; linked with libcudart.so, or with
 * libcudart_static.a in itself.  Nothing of it needs a GPU: every answer but success will do.
 */
#include <stdio.h>

#include "../fake/cuda.h"

#define SAY(call) do { int error_ = (call); printf("%s: %d %s\n", #call, error_, cudaGetErrorString(error_)); } while (0)

int main(void)
{
	struct cuda_handle handle = { "" };
	void *block = NULL, *event = NULL, *function = NULL;
	int number = -1, status = -1;

	SAY(cudaRuntimeGetVersion(&number));
	printf("runtime %d\n", number);
	SAY(cudaGetDeviceCount(&number));
	printf("devices %d\n", number);
	SAY(cudaDriverGetVersion(&number));
	printf("driver %d\n", number);
	SAY(cudaSetDevice(0));
	SAY(cudaMalloc(&block, 4096));
	SAY(cudaIpcGetMemHandle(&handle, block));
	SAY(cudaIpcOpenMemHandle(&block, handle, CUDA_IPC_LAZY_PEER_ACCESS));
	SAY(cudaIpcCloseMemHandle(block));
	SAY(cudaEventCreateWithFlags(&event, CUDA_EVENT_INTERPROCESS | CUDA_EVENT_DISABLE_TIMING));
	SAY(cudaIpcGetEventHandle(&handle, event));
	SAY(cudaIpcOpenEventHandle(&event, handle));
	SAY(cudaMallocAsync(&block, 4096, NULL));
	SAY(cudaGetDriverEntryPointByVersion("cuMemCreate", &function, 12000, CUDA_PROC_DEFAULT, &status));
	printf("function %s, status %d\n", function ? "found" : "none", status);
	SAY(cudaFree(NULL));
	SAY(cudaDeviceReset());
	SAY(cudaGetLastError());
	return fflush(stdout) != 0;
}
