/* SPDX-License-Identifier: MIT */
#include <stdint.h>

#include "cfi.h"
#include "readable.h"
#include "sys.h"

#define PAGE 4096u
#define STRING_PAGES 17		/* more than a path or an argument that any call takes */

/* As cfi.c asks: rt_sigprocmask reads the set before it looks at `how`.  A filter that says otherwise knows no bad address. */
static bool page_readable(uintptr_t at)
{
	return at >= PAGE && TSHM_SYS4(SYS_rt_sigprocmask, -1, at & ~(uintptr_t)7, 0, 8) != -14 /* EFAULT */;
}

static bool on_stack(uintptr_t at, size_t bytes, uintptr_t sp)
{
	uintptr_t reach = tshm_cfi_reach(sp);

	return at >= sp && at - sp < reach && bytes <= reach - (at - sp);
}

bool tshm_readable_asked(const void *start, size_t bytes)
{
	uintptr_t at = (uintptr_t)start, sp = (uintptr_t)__builtin_frame_address(0), end;

	if (on_stack(at, bytes, sp))
		return true;
	/* Of a thread that never walked its stack: asked for once, and not with each message. */
	if (at > sp && at < (uintptr_t)__builtin_thread_pointer() && tshm_cfi_know_stack(sp) && on_stack(at, bytes, sp))
		return true;
	if (!at || __builtin_add_overflow(at, bytes, &end))
		return false;
	for (; at < end; at = (at | (PAGE - 1)) + 1)
		if (!page_readable(at))
			return false;
	return true;
}

bool tshm_readable_string(const char *s)
{
	for (unsigned i = 0; s && i < STRING_PAGES; i++) {
		size_t room = PAGE - ((uintptr_t)s & (PAGE - 1));

		if (!tshm_readable(s, 1))
			return false;
		for (; room; room--, s++)
			if (!*s)
				return true;
	}
	return false;
}
