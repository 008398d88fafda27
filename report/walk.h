/* SPDX-License-Identifier: MIT */
/*
 * The stack of a thread of another process, by libunwind-ptrace.
 *
 * The thread stands only while its registers and its stack are copied; the walk comes
 * afterwards, on the copy.  Code and unwind tables, which do not change, are read from
 * the process and its files while it runs.
 */
#ifndef TSHM_WALK_H
#define TSHM_WALK_H

#include "loaded.h"

struct tshm_walk;

struct tshm_walked {
	uint64_t address;
	bool exact;		/* it is where the thread stands, not a return address */
};

/* NULL if it was built without libunwind-ptrace.  One at a time: what libunwind hands back cannot tell them apart. */
struct tshm_walk *tshm_walk_new(pid_t pid, const struct tshm_loaded *);
void tshm_walk_free(struct tshm_walk *);
/* For tshm_stop(): takes what is needed from a thread that stands. */
void tshm_walk_take(pid_t tid, void *walk);
/* The frames of the thread that was taken last, innermost first. */
unsigned tshm_walk_frames(struct tshm_walk *, struct tshm_walked *frames, unsigned most);

#endif
