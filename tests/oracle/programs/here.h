/* SPDX-License-Identifier: MIT */
/* The programs of the oracle: each call of here() is a place to look from. */
#ifndef TSHM_HERE_H
#define TSHM_HERE_H

#include <stdlib.h>

#define KEEP __attribute__((noinline))	/* a frame of its own */
/* After a call: it is no tail call. */
#define AFTER() __asm__ volatile("" ::: "memory")

static const char *volatile here_answer;

/* Inlined, so that the hook's caller is the function that we speak of. */
static inline __attribute__((always_inline)) void here(void)
{
	here_answer = getenv("ORACLE_HERE");
	AFTER();
}

#endif
