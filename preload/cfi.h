/* SPDX-License-Identifier: MIT */
/*
 * An own walker over call frame information (.eh_frame; DWARF 5 section 6.4, Linux
 * Standard Base "Exception Frames"): no descriptor, system call, lock or allocation,
 * so a hook may use it in a signal handler, in a forked child, during a dlopen, and
 * when the program has closed every descriptor.
 */
#ifndef TSHM_CFI_H
#define TSHM_CFI_H

#include "here.h"
#include "image.h"
#include "shape.h"

/* Can it work here: x86-64, and a libc that has _dl_find_object (glibc 2.35)? */
TSHM_INTERNAL bool tshm_cfi_works(void);
/*
 * Up to `max` return addresses, beginning with here.pc; and what the walk went by.
 * Reads nothing outside of the thread's stack that was not seen to be readable first.
 */
TSHM_INTERNAL unsigned tshm_cfi_capture(struct tshm_here, uintptr_t *pcs, unsigned max, struct tshm_shape *);
/* Bytes of the stack from sp on that can surely be read. */
TSHM_INTERNAL uintptr_t tshm_cfi_reach(uintptr_t sp);
/*
 * Are all pages of a thread's stack readable from sp on?  They are asked for once, and remembered while the thread
 * lives: tshm_cfi_reach() knows then.  false: it is no thread's that glibc made, or one cannot be read.
 */
TSHM_INTERNAL bool tshm_cfi_know_stack(uintptr_t sp);

/* How a frame is left, in one word so that the cache needs no lock. */
enum tshm_cfa {
	TSHM_CFA_NONE,		/* nothing is known of this address */
	TSHM_CFA_RSP, TSHM_CFA_RBP, TSHM_CFA_DEREF_RBP, TSHM_CFA_SIGNAL,
	TSHM_CFA_END,		/* the first frame of a thread */
	TSHM_CFA_OTHER		/* by a register or an expression that is not carried: to go on would be a guess */
};
enum tshm_saved { TSHM_SAVED_SAME, TSHM_SAVED_CFA, TSHM_SAVED_RBP };

struct tshm_rule {
	uint8_t cfa;		/* enum tshm_cfa */
	uint8_t rbp;		/* enum tshm_saved: where the caller's rbp is */
	int16_t rbp_at;		/* offset from the CFA, or from rbp */
	int32_t cfa_at;		/* offset from the register; the return address is at CFA - 8 */
};
_Static_assert(sizeof(struct tshm_rule) == 8, "one word");

/* eh_frame.c: the rule at pc; TSHM_CFA_NONE: nothing is known of it. */
TSHM_INTERNAL struct tshm_rule tshm_eh_rule(uintptr_t pc);

#endif
