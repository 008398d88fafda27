/* SPDX-License-Identifier: MIT */
/* Where we are: which hook, and the state of its caller, from which a stack is walked. */
#ifndef TSHM_HERE_H
#define TSHM_HERE_H

#include <stdbool.h>
#include <stdint.h>

struct tshm_here {
	uintptr_t pc;		/* return address of the hook */
	uintptr_t sp, bp;	/* the caller's stack and frame pointers, as they are when the hook returns */
	uint16_t call;		/* enum tshm_call */
	bool on;		/* is the call to be noted? */
};

/*
 * For the body of a hook, whose frame begins with the caller's frame pointer and the
 * return address (System V ABI for x86-64, section 3.2.2; elsewhere nobody asks for
 * sp and bp).  Values, not pointers: the frame may be gone in a sibling call.
 */
#define TSHM_HERE_OF(id, is_on) \
	((struct tshm_here){ .pc = (uintptr_t)__builtin_return_address(0), \
			     .sp = (uintptr_t)__builtin_frame_address(0) + 16, \
			     .bp = *(const uintptr_t *)__builtin_frame_address(0), \
			     .call = (uint16_t)(id), .on = (is_on) })

#endif
