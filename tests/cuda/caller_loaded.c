/* SPDX-License-Identifier: MIT */
/* CUDA by a runtime that is loaded where nobody else sees its names, as ctypes does. */
#include <dlfcn.h>

#include "../scenarios/scenario.h"
#include "gpu.h"
#include "runtime_copies.h"

static void *find(void *library, const char *name)
{
	void *function = dlsym(library, name);

	if (!function)
		die("%s: %s", name, dlerror());
	return function;
}

void caller_fill(struct gpu *gpu)
{
	void *library = dlopen("libcudart.so.13", RTLD_NOW | RTLD_LOCAL);

	if (!library)
		skip(dlerror());
	memcpy_of_runtime = (__typeof__(memcpy_of_runtime))find(library, "cudaMemcpy");
	set_device = (__typeof__(set_device))find(library, "cudaSetDevice");
	*gpu = (struct gpu){
		.init = begin, .copy_to = copy_to, .copy_from = copy_from,
#define RUNTIME_CALL(field, name) .field = (__typeof__(gpu->field))find(library, #name),
#include "runtime_calls.def"
#undef RUNTIME_CALL
	};
}
