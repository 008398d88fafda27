/* SPDX-License-Identifier: MIT */
/*
 * The backends: cfi.c, and libunwind where that does not work or when it is asked for.
 *
 * libunwind is loaded by dlopen(RTLD_LOCAL) before main, never linked: as a
 * dependency of a preload library it would take over _Unwind_* for the program.
 * What stays risky with it (its pipe, a dlclose, a fork during another thread's
 * dlopen) is told in libtshm.7.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <stddef.h>

#include "cfi.h"
#include "dlsym.h"
#include "stack.h"
#include "sys.h"

#define TSHM_OWN_FRAMES 8	/* ours between the capture and the hook's caller, at most */

static int (*tshm_unw_backtrace)(void **, int);
static uintptr_t tshm_unwinder_start, tshm_unwinder_end;

bool tshm_stack_is_unwinder(uintptr_t caller)
{
	return caller >= tshm_unwinder_start && caller < tshm_unwinder_end;
}

static int tshm_unwinder_extent(struct dl_phdr_info *info, size_t size, void *data)
{
	uintptr_t inside = (uintptr_t)tshm_unw_backtrace, start = UINTPTR_MAX, end = 0;

	(void)size;
	(void)data;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		uintptr_t at = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;

		if (info->dlpi_phdr[i].p_type != PT_LOAD)
			continue;
		start = at < start ? at : start;
		end = at + info->dlpi_phdr[i].p_memsz > end ? at + info->dlpi_phdr[i].p_memsz : end;
	}
	if (inside < start || inside >= end)
		return 0;
	tshm_unwinder_start = start;
	tshm_unwinder_end = end;
	return 1;
}

static unsigned tshm_stack_libunwind(void **found, unsigned max)
{
	int saved_errno = errno, cancel, n;

	/*
	 * The mark is the address of this frame.  Should a signal handler or a
	 * cancellation jump out of libunwind, the mark is known to be stale once the
	 * stack is above it again (tshm_on_hushed).
	 */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	tshm_self.unwinding = (uintptr_t)__builtin_frame_address(0);
	n = tshm_unw_backtrace(found, (int)max);
	tshm_self.unwinding = 0;
	pthread_setcancelstate(cancel, NULL);
	errno = saved_errno;
	return n > 0 ? (unsigned)n : 0;
}

void tshm_stack_start(void)
{
	void *pcs[4];
	void *library;

	if (tshm_options.unwinder != TSHM_UNWIND_LIBUNWIND || !tshm_options.depth)
		return;
#ifdef TSHM_WITHOUT_LIBUNWIND
	library = NULL;
#else
	library = dlopen("libunwind.so.8", RTLD_LOCAL | RTLD_NOW);
#endif
	if (!library) {
		tshm_options.unwinder = TSHM_UNWIND_NONE;
		return;
	}
	tshm_unw_backtrace = (int (*)(void **, int))tshm_dlsym(library, "unw_backtrace");
	if (!tshm_unw_backtrace) {
		tshm_options.unwinder = TSHM_UNWIND_NONE;
		return;
	}
	dl_iterate_phdr(tshm_unwinder_extent, NULL);
	tshm_stack_libunwind(pcs, 4);	/* its caches and its pipe are made here, not in a hook */
}

unsigned tshm_stack_capture(struct tshm_here here, uintptr_t *pcs, unsigned max, struct tshm_shape *shape)
{
	void *found[TSHM_DEPTH_MAX + TSHM_OWN_FRAMES];
	unsigned n = 0, skip = 0, depth = 0;

	if (!max || !here.pc)
		return 0;
	if (TSHM_LIKELY(tshm_options.unwinder == TSHM_UNWIND_CFI))
		return tshm_cfi_capture(here, pcs, max, shape);
	/* A signal handler may interrupt the unwinder: then the caller alone has to do. */
	if (tshm_unw_backtrace && max > 1 && !tshm_self.unwinding && !tshm_confined)
		n = tshm_stack_libunwind(found, max + TSHM_OWN_FRAMES);
	while (skip < n && found[skip] != (void *)here.pc)
		skip++;
	if (skip == n) {
		pcs[0] = here.pc;
		return 1;
	}
	while (skip < n && depth < max && found[skip])
		pcs[depth++] = (uintptr_t)found[skip++];
	return depth;
}
