/* SPDX-License-Identifier: MIT */
/*
 * Finding CUDA's real functions.
 *
 * The driver's are whatever the program's own look-ups found (dlsym, cuGetProcAddress), or,
 * for callers that are linked with it, what lies behind this library.  Another interposer may
 * be among them: then a look-up finds his function, and he finds, by another look-up, the
 * driver's or even ours.  So three are kept for each, with a hook for each (enum tshm_cu_from).
 * What would be a fourth (a second libcuda, in another namespace) is handed out as it is.
 *
 * The runtime's come in two versions that may be there at once.  A caller that is linked with
 * libcudart gets our hook of its version, from which that very library is asked; but not
 * before an interposer behind us, which has no versions.  Look-ups in libcudart by handle
 * (ctypes) are left alone, and so are copies of it inside of programs: their calls pass the
 * driver's hooks.
 */
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stddef.h>

#include "bytes.h"
#include "cuda.h"
#include "dlsym.h"
#include "next.h"
#include "real.h"

#ifndef RTLD_NOLOAD
#define RTLD_NOLOAD 4
#endif
#define PER_THREAD_DEFAULT_STREAM 2u	/* cuda.h: CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM */

extern void *dlvsym(void *, const char *, const char *) __attribute__((weak));

#define TSHM_CU(id, name, ask, version) extern TSHM_INTERNAL __typeof__(name) tshm_other_##name, tshm_libcuda_##name;
#define TSHM_CUDART(id, name)
#include "../ledger/cuda.def"
#undef TSHM_CUDART
#undef TSHM_CU

static const struct tshm_cu {
	const char *name, *ask;
	int version;
	void *hook[TSHM_CU_FROM_COUNT];
} tshm_cu[TSHM_CU_COUNT] = {
#define TSHM_CU(id, name, ask, version) { #name, #ask, version, \
	{ [TSHM_CU_OTHER] = (void *)tshm_other_##name, [TSHM_CU_LIBCUDA] = (void *)tshm_libcuda_##name } },
#define TSHM_CUDART(id, name)
#include "../ledger/cuda.def"
#undef TSHM_CUDART
#undef TSHM_CU
};

static const char *const tshm_cudart[TSHM_CUDART_COUNT] = {
#define TSHM_CU(id, name, ask, version)
#define TSHM_CUDART(id, name) #name,
#include "../ledger/cuda.def"
#undef TSHM_CUDART
#undef TSHM_CU
};

static _Atomic(void *) tshm_cu_found[TSHM_CU_COUNT][TSHM_CU_FROM_COUNT];
static _Atomic(void *) tshm_cudart_found[2][TSHM_CUDART_COUNT];	/* of 12 and 13 */
/* Not hooked: what notes ask the driver. */
static _Atomic(void *) tshm_ask_context, tshm_ask_extent;
/* One function of each library that is among these, by which its end is seen. */
static _Atomic(void *) tshm_cu_sample, tshm_cudart_sample[2];

static int tshm_cuda_absent(void)
{
	return 3;	/* CUDA_ERROR_NOT_INITIALIZED, cudaErrorInitializationError */
}

/* The file that a function lies in, without its path; "" if none. */
static const char *tshm_file_of(const void *function)
{
	const char *name = "";
	Dl_info info;

	if (!dladdr(function, &info) || !info.dli_fname)
		return name;
	name = info.dli_fname;
	for (const char *c = name; *c; c++)
		if (*c == '/')
			name = c + 1;
	return name;
}

bool tshm_cuda_is_ours(const void *function)
{
	static const void *base;
	Dl_info info;

	if (!base && dladdr((const void *)tshm_cuda_is_ours, &info))
		base = info.dli_fbase;
	return dladdr(function, &info) && info.dli_fbase == base;
}

static int tshm_cu_row_of(const char *name)
{
	for (int i = 0; i < TSHM_CU_COUNT; i++)
		if (tshm_equal(tshm_cu[i].name, name))
			return i;
	return -1;
}

/* Many names begin with "cu" that are none of the driver's: cublas, cudaMalloc, curl. */
bool tshm_cu_is_watched(const char *name)
{
	return name[2] >= 'A' && name[2] <= 'Z' && tshm_cu_row_of(name) >= 0;
}

static bool tshm_is_libcuda(const void *function)
{
	return tshm_starts(tshm_file_of(function), "libcuda.so");
}

static void *tshm_cu_swap_row(int row, void *found)
{
	enum tshm_cu_from from = tshm_is_libcuda(found) ? TSHM_CU_LIBCUDA : TSHM_CU_OTHER;
	void *kept = NULL;

	if (!tshm_options.enabled || tshm_cuda_is_ours(found))
		return found;
	if (!atomic_compare_exchange_strong(&tshm_cu_found[row][from], &kept, found) && kept != found)
		return found;
	if (from == TSHM_CU_LIBCUDA)
		atomic_store(&tshm_cu_sample, found);
	return tshm_cu[row].hook[from];
}

void *tshm_cu_swap(const char *name, void *found)
{
	int row = tshm_cu_row_of(name);

	return row < 0 ? found : tshm_cu_swap_row(row, found);
}

static bool tshm_is_per_thread(const char *name)
{
	size_t n = tshm_length(name);

	return n > 5 && tshm_equal(name + n - 5, "_ptsz");
}

void *tshm_cu_swap_asked(const char *ask, int version, uint64_t flags, void *found)
{
	int best = -1;

	for (int i = 0; i < TSHM_CU_COUNT; i++) {
		bool per_thread = tshm_is_per_thread(tshm_cu[i].name);

		if (!tshm_equal(tshm_cu[i].ask, ask) || tshm_cu[i].version > version ||
		    (per_thread && !(flags & PER_THREAD_DEFAULT_STREAM)))
			continue;
		/* The newest ABI that was there in this version; among its forms that for the stream asked for. */
		if (best < 0 || tshm_cu[i].version > tshm_cu[best].version || per_thread)
			best = i;
	}
	return best < 0 ? found : tshm_cu_swap_row(best, found);
}

/* In this library itself: an interposer's dlsym is not asked, who might give his own. */
static void *tshm_in_library(const char *soname, const char *name, const char *version)
{
	void *library = dlopen(soname, RTLD_LAZY | RTLD_NOLOAD), *found;

	if (!library) {
		dlerror();	/* nobody asked us: it is no error of the program's */
		return NULL;
	}
	found = version && dlvsym ? dlvsym(library, name, version) : tshm_next_in(library, name);
	if (!found)
		found = tshm_dlsym(library, name);
	if (!found)
		dlerror();
	TSHM_REAL(dlclose)(library);	/* it was there before, and stays */
	return found;
}

static void *tshm_in_libcuda(const char *name)
{
	return tshm_in_library("libcuda.so.1", name, NULL);
}

/* For callers that are linked with the driver, or with nothing. */
static void *tshm_cu_linked(enum tshm_cu_row row)
{
	void *behind = tshm_dlsym(RTLD_NEXT, tshm_cu[row].name);

	if (!behind) {
		dlerror();
		behind = tshm_in_libcuda(tshm_cu[row].name);
	}
	if (!behind)
		return (void *)tshm_cuda_absent;
	if (tshm_is_libcuda(behind))
		atomic_store(&tshm_cu_sample, behind);
	atomic_store(&tshm_cu_found[row][TSHM_CU_LINKED], behind);
	return behind;
}

void *tshm_cu_real(enum tshm_cu_row row, enum tshm_cu_from from)
{
	void *found = atomic_load(&tshm_cu_found[row][from]);

	if (TSHM_LIKELY(found))
		return found;
	return from == TSHM_CU_LINKED ? tshm_cu_linked(row) : (void *)tshm_cuda_absent;
}

void *tshm_cudart_real(unsigned version, enum tshm_cudart_row row)
{
	static const char *const names[] = { "libcudart.so.12", "libcudart.so.13" };
	_Atomic(void *) *kept = &tshm_cudart_found[version - 12][row];
	void *found = atomic_load(kept);

	if (TSHM_LIKELY(found))
		return found;
	found = tshm_dlsym(RTLD_NEXT, tshm_cudart[row]);
	if (!found)
		dlerror();
	if (!found || tshm_starts(tshm_file_of(found), "libcudart")) {
		void *own = tshm_in_library(names[version - 12], tshm_cudart[row], names[version - 12]);

		found = own ? own : found;
	}
	if (!found)
		return (void *)tshm_cuda_absent;
	if (tshm_starts(tshm_file_of(found), "libcudart"))
		atomic_store(&tshm_cudart_sample[version - 12], found);
	atomic_store(kept, found);
	return found;
}

bool tshm_cu_is_there(const char *name)
{
	int row = tshm_cu_row_of(name);

	return row >= 0 && tshm_cu_real((enum tshm_cu_row)row, TSHM_CU_LINKED) != (void *)tshm_cuda_absent;
}

/* A driver function that is not hooked; looked for once. */
static void *tshm_cuda_ask(_Atomic(void *) *kept, const char *name)
{
	void *found = atomic_load(kept);

	if (!found) {
		found = tshm_in_libcuda(name);
		atomic_store(kept, found ? found : (void *)tshm_cuda_absent);
	}
	return found != (void *)tshm_cuda_absent ? found : NULL;
}

uint64_t tshm_cuda_context(void)
{
	CUresult (*ask)(CUcontext *) = (CUresult (*)(CUcontext *))tshm_cuda_ask(&tshm_ask_context, "cuCtxGetCurrent");
	CUcontext context = NULL;

	return ask && ask(&context) == 0 ? (uintptr_t)context : 0;
}

bool tshm_cuda_extent(uint64_t pointer, uint64_t *base, uint64_t *size)
{
	void *found = tshm_cuda_ask(&tshm_ask_extent, "cuMemGetAddressRange_v2");
	CUresult (*ask)(CUdeviceptr *, size_t *, CUdeviceptr) = (CUresult (*)(CUdeviceptr *, size_t *, CUdeviceptr))found;
	CUdeviceptr start = 0;
	size_t bytes = 0;

	if (!ask || ask(&start, &bytes, pointer) != 0)
		return false;
	*base = start;
	*size = bytes;
	return true;
}

static bool tshm_is_gone(_Atomic(void *) *sample, const char *file)
{
	void *function = atomic_load(sample);

	if (!function || tshm_starts(tshm_file_of(function), file))
		return false;
	atomic_store(sample, NULL);
	return true;
}

/* What another interposer's was stays: he may be there still, and pointers to our hook of it, too. */
void tshm_cuda_unloaded(void)
{
	if (tshm_is_gone(&tshm_cu_sample, "libcuda.so")) {
		for (unsigned i = 0; i < TSHM_CU_COUNT; i++) {
			atomic_store(&tshm_cu_found[i][TSHM_CU_LINKED], NULL);
			atomic_store(&tshm_cu_found[i][TSHM_CU_LIBCUDA], NULL);
		}
		atomic_store(&tshm_ask_context, NULL);
		atomic_store(&tshm_ask_extent, NULL);
	}
	for (unsigned version = 0; version < 2; version++)
		if (tshm_is_gone(&tshm_cudart_sample[version], "libcudart"))
			for (unsigned i = 0; i < TSHM_CUDART_COUNT; i++)
				atomic_store(&tshm_cudart_found[version][i], NULL);
}
