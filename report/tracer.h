/* SPDX-License-Identifier: MIT */
/*
 * The process that looks at threads: a fork of the report for each holder, which may
 * hang in a walk or die of what it reads without harm.  It has TSHM_TRACER_MS in all;
 * when it ends, in whatever way, the kernel lets go of what it held.
 *
 * What it found comes over a pipe, records of one size.  It reads hostile memory, so
 * they are no more to be trusted than a ledger.
 */
#ifndef TSHM_TRACER_H
#define TSHM_TRACER_H

#include <stdint.h>
#include <sys/types.h>

#include "../ledger/ledger.h"

#define TSHM_TRACER_MS 900
#define TSHM_THREADS_MOST 64u
#define TSHM_THREAD_FRAMES 64u

enum tshm_tracer_type {
	TSHM_TRACER_MODULE = 1,		/* before the first thread that has a frame in it; numbered from 1 */
	TSHM_TRACER_THREAD,
	TSHM_TRACER_END			/* the last; not there: it was cut short */
};

struct tshm_tracer_record {
	uint32_t type;			/* enum tshm_tracer_type */
	int32_t error;			/* errno: why there is no stack; END: why nothing was looked at */
	union {
		struct {
			uint8_t build_id[20];
			uint32_t build_id_size;
			char path[4096];
		} module;
		struct {
			int32_t tid;
			uint32_t depth;
			uint64_t held_ns;
			char state;
			char name[16];
			struct tshm_frame frames[TSHM_THREAD_FRAMES];	/* innermost first */
		} thread;
		struct {
			uint32_t threads;	/* how many there are */
		} end;
	} u;
};

/* Looks at the process, if it is still the one that started then, and writes what it finds.  Does not return. */
_Noreturn void tshm_tracer_run(pid_t pid, uint64_t start, int to);

#endif
