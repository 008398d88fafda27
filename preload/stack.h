/* SPDX-License-Identifier: MIT */
/* Return addresses of the calling thread. */
#ifndef TSHM_STACK_H
#define TSHM_STACK_H

#include "image.h"

/*
 * Store up to `max` return addresses, innermost first, beginning with `caller`, the
 * return address of the hooked function.  Returns their number: at least 1 if
 * max > 0 and caller is known.  Allocates nothing, keeps errno, may run in a signal
 * handler and in a forked child.
 */
TSHM_INTERNAL unsigned tshm_stack_capture(uintptr_t *pcs, unsigned max, const void *caller);
/* Before main, when libc is ready: find and warm a backend; tshm_options.unwinder becomes the one in use. */
TSHM_INTERNAL void tshm_stack_start(void);

/* Is `caller` in the code of the unwinder's library? */
TSHM_INTERNAL bool tshm_stack_is_unwinder(uintptr_t caller);

#endif
