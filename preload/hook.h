/* SPDX-License-Identifier: MIT */
/*
 * How a hook is written:
 *
 *	TSHM_HOOK(int, eventfd, (unsigned count, int flags))
 *	{
 *		struct tshm_here here = TSHM_HERE(eventfd);
 *
 *		return tshm_note_open(here, TSHM_REAL(eventfd)(count, flags), TSHM_KIND_EVENTFD, flags & EFD_CLOEXEC);
 *	}
 *
 * The real function is called exactly once, with the caller's arguments; what it
 * returned and the errno that it left are what the caller gets.
 */
#ifndef TSHM_HOOK_H
#define TSHM_HOOK_H

#include "note.h"
#include "readable.h"
#include "real.h"

#define TSHM_HOOK(type, name, parameters) \
	__attribute__((visibility("default"))) type name parameters; \
	__attribute__((visibility("default"))) type name parameters

/* A variadic function whose arguments are taken as fixed ones, which the ABIs pass alike (real.c): a va_list costs. */
#define TSHM_HOOK_FIXED(type, name, parameters) \
	__attribute__((visibility("default"))) type tshm_fixed_##name parameters __asm__(#name); \
	type tshm_fixed_##name parameters

/* Which call, from where, and whether it is to be noted.  Use once, in the hook itself. */
#define TSHM_HERE(name) \
	TSHM_HERE_OF(TSHM_CALL_##name, tshm_on())

#define TSHM_OPEN_HOW_LEAST 24		/* OPEN_HOW_SIZE_VER0 of linux/openat2.h */
#define TSHM_CLONE_ARGS_LEAST 64	/* CLONE_ARGS_SIZE_VER0 of linux/sched.h */

/*
 * The first field, flags, of a structure whose size is told with it.  Who asks whether there is such a call gives
 * none, or a size that the kernel refuses before it looks.
 */
static inline uint64_t tshm_flags_of(long structure, unsigned long size, unsigned long least)
{
	return size >= least && tshm_readable((const void *)structure, sizeof(uint64_t)) ?
	       *(const uint64_t *)structure : 0;
}

#endif
