/* SPDX-License-Identifier: MIT */
/* Where the threads of a live process stand now. */
#ifndef TSHM_THREADS_H
#define TSHM_THREADS_H

#include "model.h"

struct tshm_stand {			/* one thread */
	pid_t tid;
	char name[16];
	char state;			/* as /proc has it, when it was looked at */
	int error;			/* errno: why it has no frames; or 0 */
	unsigned depth;
	struct tshm_frame *frames;	/* innermost first */
};

struct tshm_threads {
	struct tshm_image now;		/* what the frames' modules are numbers in; no image of a run */
	struct tshm_stand *list;	/* the main thread first */
	size_t count, total;		/* told of; there are */
	uint64_t held_ns;		/* the longest that a thread was held */
	bool cut;			/* there was no time for all */
	size_t capacity, module_capacity;	/* private */
};

/*
 * Looks at the process, if it started at that time (struct tshm_stat).  0, or -errno:
 * -EPERM if it may not be looked at, -ENOSYS without libunwind-ptrace.
 */
int tshm_threads_look(pid_t pid, uint64_t start, struct tshm_threads *);
void tshm_threads_free(struct tshm_threads *);

#endif
