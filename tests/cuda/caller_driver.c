/* SPDX-License-Identifier: MIT */
/* CUDA by the names of the driver, linked with -lcuda, as UCX and OpenMPI are. */
#include "gpu.h"

static int begin(void)
{
	void *context;
	int error = cuInit(0);

	if (!error)
		error = cuDevicePrimaryCtxRetain(&context, 0);
	return error ? error : cuCtxSetCurrent(context);
}

static int reset(void)
{
	return cuDevicePrimaryCtxReset_v2(0);
}

void caller_fill(struct gpu *gpu)
{
	*gpu = (struct gpu){
		.init = begin, .reset = reset,
#define DRIVER_CALL(field, symbol, name, version) .field = symbol,
#include "driver_calls.def"
#undef DRIVER_CALL
	};
}
