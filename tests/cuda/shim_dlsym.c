/* SPDX-License-Identifier: MIT */
/*
 * A preload library that defines dlsym, and gives out its own functions of the driver: without a version
 * as HAMi-core does, or with VERSIONED under both of glibc's as nvshare does.
 */
#include "shim.h"

typedef void *look_up(void *handle, const char *name);

static look_up *next(const char *version)
{
	return (look_up *)dlvsym(RTLD_NEXT, "dlsym", version);
}

static void *find(const char *name)
{
	void *driver = dlopen("libcuda.so.1", RTLD_NOW);
	look_up *real = next("GLIBC_2.34");

	if (!real)
		real = next("GLIBC_2.2.5");
	return driver ? real(driver, name) : NULL;
}
#define FIND(name) find(name)

static int shim_cuMemAlloc_v2(void **out, size_t size)
{
	FORWARD(cuMemAlloc_v2, (out, size));
}

static int shim_cuMemFree_v2(void *block)
{
	FORWARD(cuMemFree_v2, (block));
}

static int shim_cuCtxGetCurrent(void **context)
{
	FORWARD(cuCtxGetCurrent, (context));
}

static int shim_cuMemGetAddressRange_v2(void **base, size_t *size, void *inside)
{
	FORWARD(cuMemGetAddressRange_v2, (base, size, inside));
}

static int shim_cuGetProcAddress_v2(const char *name, void **function, int version, uint64_t flags, int *status);

static void *own(const char *name)
{
	static const struct {
		const char *name;
		void *function;
	} table[] = {
#define OWN(name) { #name, (void *)shim_##name }
		OWN(cuGetProcAddress_v2), OWN(cuMemAlloc_v2), OWN(cuMemFree_v2), OWN(cuCtxGetCurrent),
		OWN(cuMemGetAddressRange_v2),
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (strcmp(table[i].name, name) == 0)
			return table[i].function;
	return NULL;
}

static int shim_cuGetProcAddress_v2(const char *name, void **function, int version, uint64_t flags, int *status)
{
	static __typeof__(cuGetProcAddress_v2) *real;
	char newest[128];
	void *mine;
	int error;

	if (!real)
		real = (__typeof__(real))find("cuGetProcAddress_v2");
	error = real ? real(name, function, version, flags, status) : CUDA_NOT_FOUND;
	if (error || !function || !*function)
		return error;
	snprintf(newest, sizeof(newest), "%s_v2", name);
	mine = own(newest);
	if (!mine)
		mine = own(name);
	if (mine)
		*function = mine;
	return error;
}

static void *answer(look_up *real, void *handle, const char *name)
{
	void *mine = handle == RTLD_NEXT ? NULL : own(name);

	/* Where a caller of RTLD_NEXT is concerned, this jumps: it is not us who asks. */
	return mine ? mine : real(handle, name);
}

#ifdef VERSIONED
void *shim_dlsym_old(void *handle, const char *name);
void *shim_dlsym_new(void *handle, const char *name);
void *shim_dlsym_old(void *handle, const char *name)
{
	static look_up *real;

	if (!real)
		real = next("GLIBC_2.2.5");
	return answer(real, handle, name);
}

void *shim_dlsym_new(void *handle, const char *name)
{
	static look_up *real;

	if (!real)
		real = next("GLIBC_2.34");
	return answer(real, handle, name);
}
__asm__(".symver shim_dlsym_old, dlsym@@GLIBC_2.2.5");
__asm__(".symver shim_dlsym_new, dlsym@GLIBC_2.34");
#else
void *dlsym(void *handle, const char *name)
{
	static look_up *real;

	if (!real)
		real = next("GLIBC_2.34");
	if (!real)
		real = next("GLIBC_2.2.5");
	return answer(real, handle, name);
}
#endif
