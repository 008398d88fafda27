/* SPDX-License-Identifier: MIT */
/*
 * mixed runtime|driver: linked with libcudart and libcuda, as UCX is; by which of them it calls first decided
 * once whether another interposer saw the calls of both or of none.
 */
#include <stdio.h>
#include <string.h>

#include "../fake/cuda.h"

static int of_runtime(void)
{
	void *block = NULL;
	int error = cudaMalloc(&block, 4096);

	return error ? error : cudaFree(block);
}

static int of_driver(void)
{
	void *block = NULL;
	int error = cuMemAlloc_v2(&block, 4096);

	return error ? error : cuMemFree_v2(block);
}

int main(int argc, char **argv)
{
	int first_runtime = argc > 1 && strcmp(argv[1], "runtime") == 0, error = cudaSetDevice(0);

	for (int i = 0; i < 2 && !error; i++)
		error = (i == 0) == first_runtime ? of_runtime() : of_driver();
	printf("%d\n", error);
	return error;
}
