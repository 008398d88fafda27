/* SPDX-License-Identifier: MIT */
/*
 * May what a program gave be read before the kernel has looked at it?  A bad address is EFAULT
 * without us, and must not be a signal with us.
 */
#ifndef TSHM_READABLE_H
#define TSHM_READABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "decl.h"

TSHM_INTERNAL bool tshm_readable_asked(const void *at, size_t bytes);

/* Most structures lie in the caller's frame, near our own. */
static inline bool tshm_readable(const void *at, size_t bytes)
{
	uintptr_t sp = (uintptr_t)__builtin_frame_address(0), near = (uintptr_t)at - sp, room = (sp | 4095) + 1 - sp;

	return __builtin_expect(near < room && bytes <= room - near, 1) || tshm_readable_asked(at, bytes);
}

TSHM_INTERNAL bool tshm_readable_string(const char *s);	/* up to its NUL; NULL is none */

#endif
