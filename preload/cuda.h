/* SPDX-License-Identifier: MIT */
/*
 * CUDA's real functions, and whether a call of theirs is to be noted.
 *
 * One call of a program may pass several levels that are hooked: cudaMalloc of the runtime
 * calls cuMemAlloc_v2 of the driver.  The outermost notes it.  While a hook is in the real
 * function, its thread's mark says how deep the stack was; a hook further down is inside of
 * it.  A mark that was left behind, by a jump out of the call, hides calls from deeper in the
 * stack until one comes from as high or higher up: they are not noted, but are made as ever.
 */
#ifndef TSHM_CUDA_H
#define TSHM_CUDA_H

#include "cuda_proto.h"
#include "here.h"
#include "image.h"

/* Rows of cuda.def */
enum tshm_cu_row {
#define TSHM_CU(id, name, ask, version) TSHM_CU_##name,
#define TSHM_CUDART(id, name)
#include "../ledger/cuda.def"
#undef TSHM_CUDART
#undef TSHM_CU
	TSHM_CU_COUNT
};
enum tshm_cudart_row {
#define TSHM_CU(id, name, ask, version)
#define TSHM_CUDART(id, name) TSHM_CUDART_##name,
#include "../ledger/cuda.def"
#undef TSHM_CUDART
#undef TSHM_CU
	TSHM_CUDART_COUNT
};

/*
 * Each function of the driver has three hooks, by how a caller came by it, because each must lead
 * to where that caller would have come without us: there may be other interposers.
 */
enum tshm_cu_from {
	TSHM_CU_LINKED,		/* by its name: what comes behind this library */
	TSHM_CU_OTHER,		/* a look-up gave it, and it is another interposer's */
	TSHM_CU_LIBCUDA,	/* a look-up gave it, and it is libcuda's */
	TSHM_CU_FROM_COUNT
};

/* ---- for look-ups (hook_dlsym.c, cuGetProcAddress) ---- */
TSHM_INTERNAL bool tshm_cu_is_watched(const char *name);
TSHM_INTERNAL bool tshm_cuda_is_ours(const void *function);
/* Is there a real function of this name that ours could call? */
TSHM_INTERNAL bool tshm_cu_is_there(const char *name);
/* `found` is what a look-up by this name gave: our hook in its place, or `found` itself. */
TSHM_INTERNAL void *tshm_cu_swap(const char *name, void *found);
/* The same for what cuGetProcAddress was asked for. */
TSHM_INTERNAL void *tshm_cu_swap_asked(const char *ask, int version, uint64_t flags, void *found);
/* Something was unloaded: libraries of CUDA may be gone, or come again elsewhere. */
TSHM_INTERNAL void tshm_cuda_unloaded(void);

/* ---- for hooks ---- */
/* Never NULL: where there is none, a function that gives CUDA_ERROR_NOT_INITIALIZED. */
TSHM_INTERNAL void *tshm_cu_real(enum tshm_cu_row, enum tshm_cu_from);
TSHM_INTERNAL void *tshm_cudart_real(unsigned version, enum tshm_cudart_row);

struct tshm_cuda_call {
	struct tshm_here here;		/* on: it is to be noted */
	uintptr_t *mark, before;
	bool inside;			/* of another hook of the same level */
};

static inline bool tshm_cuda_is_inside(uintptr_t mark, uintptr_t sp)
{
	return mark && sp < mark;
}

/* mark: of the caller's level. */
static inline __attribute__((always_inline)) struct tshm_cuda_call tshm_cuda_enter(struct tshm_here here,
										   uintptr_t *mark)
{
	struct tshm_cuda_call c = { .here = here, .mark = mark, .before = *mark };

	c.inside = tshm_cuda_is_inside(*mark, here.sp);
	if (tshm_cuda_is_inside(tshm_self.in_cudart, here.sp) || tshm_cuda_is_inside(tshm_self.in_cuda, here.sp))
		c.here.on = false;
	if (!c.inside)
		*mark = here.sp;
	return c;
}

static inline __attribute__((always_inline)) void tshm_cuda_leave(const struct tshm_cuda_call *c)
{
	*c->mark = c->inside ? c->before : 0;
}

/* ---- questions to the driver, for notes; 0 where it does not answer ---- */
TSHM_INTERNAL uint64_t tshm_cuda_context(void);
/* The allocation that an address lies in. */
TSHM_INTERNAL bool tshm_cuda_extent(uint64_t pointer, uint64_t *base, uint64_t *size);

#endif
