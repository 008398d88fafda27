/* SPDX-License-Identifier: MIT */
/* Return addresses of the calling thread. */
#ifndef TSHM_STACK_H
#define TSHM_STACK_H

#include "here.h"
#include "image.h"
#include "shape.h"

/*
 * Store up to `max` return addresses, innermost first, beginning with here.pc.
 * Returns their number: at least 1 if max > 0 and the caller is known.  The shape's
 * span stays 0 if the walk cannot be repeated by it.  Allocates nothing, keeps errno,
 * may run in a signal handler and in a forked child.
 */
TSHM_INTERNAL unsigned tshm_stack_capture(struct tshm_here, uintptr_t *pcs, unsigned max, struct tshm_shape *);
/* Before main, when libc is ready: find and warm a backend; tshm_options.unwinder becomes the one in use. */
TSHM_INTERNAL void tshm_stack_start(void);

/* Is `caller` in the code of the unwinder's library? */
TSHM_INTERNAL bool tshm_stack_is_unwinder(uintptr_t caller);

#endif
