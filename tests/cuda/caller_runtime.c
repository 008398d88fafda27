/* SPDX-License-Identifier: MIT */
/* CUDA by the names of the runtime: of a shared libcudart, or of one that is part of the program. */
#include "gpu.h"
#include "runtime_copies.h"

void caller_fill(struct gpu *gpu)
{
	memcpy_of_runtime = cudaMemcpy;
	set_device = cudaSetDevice;
	*gpu = (struct gpu){
		.init = begin, .copy_to = copy_to, .copy_from = copy_from,
#define RUNTIME_CALL(field, name) .field = name,
#include "runtime_calls.def"
#undef RUNTIME_CALL
	};
}
