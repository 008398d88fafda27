/* SPDX-License-Identifier: MIT */
/* Functions of the driver that the runtime is asked for one by one, as PyTorch does. */
#include "../scenarios/scenario.h"
#include "gpu.h"

static struct gpu *table;
static __typeof__(cuDevicePrimaryCtxReset_v2) *reset_primary;

static void *fetch(const char *name, unsigned version)
{
	void *function = NULL;
	int status = -1, error = cudaGetDriverEntryPointByVersion(name, &function, version, CUDA_PROC_DEFAULT, &status);

	if (error == CUDA_NO_DEVICE)
		skip("no GPU");
	if (error || status != CUDA_PROC_FOUND || !function)
		die("%s: error %d, status %d", name, error, status);
	return function;
}

static int reset(void)
{
	return reset_primary(0);
}

/* Only here does the driver begin: other processes may be forked before. */
static int begin(void)
{
	int error = cudaSetDevice(0);

	if (error)
		return error;
	reset_primary = (__typeof__(reset_primary))fetch("cuDevicePrimaryCtxReset", 12000);
#define DRIVER_CALL(field, symbol, name, version) table->field = (__typeof__(table->field))fetch(#name, version);
#include "driver_calls.def"
#undef DRIVER_CALL
	return 0;
}

void caller_fill(struct gpu *gpu)
{
	table = gpu;
	*gpu = (struct gpu){ .init = begin, .reset = reset };
}
