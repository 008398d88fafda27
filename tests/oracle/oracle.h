/* SPDX-License-Identifier: MIT */
/*
 * The stack walker of preload/cfi.c beside libunwind and libgcc: a preload library that
 * takes the same stack by all three at the same moment, in calls that programs make
 * from many places, and writes down where they part.
 */
#ifndef TSHM_ORACLE_H
#define TSHM_ORACLE_H

#include <stdatomic.h>
#include <stdint.h>

#include "preload/here.h"

#define ORACLE_DEPTH 32		/* frames that are compared, from the hook's caller on */
#define ORACLE_TABLE 256	/* differences remembered of a process */
#define ORACLE_CONTEXT 4	/* frames of each that are shown where they part */

enum oracle_against { ORACLE_LIBUNWIND, ORACLE_LIBGCC, ORACLE_OTHERS };

enum oracle_class {
	ORACLE_EQUAL,
	ORACLE_SHORTER,		/* ours ends first: suspect */
	ORACLE_LONGER,		/* ours goes on where the other ended */
	ORACLE_DIFFERENT,	/* both go on, elsewhere: suspect */
	ORACLE_LOST,		/* ours did not meet the hook's caller: suspect */
	ORACLE_ASTRAY,		/* the other did not meet it */
	ORACLE_CLASSES
};

struct oracle_place { char module[56]; uintptr_t pc, offset; };	/* module: the file's name, "" if none */

struct oracle_difference {
	enum oracle_against against;
	enum oracle_class class;
	unsigned frame;			/* the first that is not the same */
	uint64_t count;
	struct oracle_place at;		/* the last common frame: its caller is in question */
	struct oracle_place ours[ORACLE_CONTEXT], theirs[ORACLE_CONTEXT];	/* what comes next; pc 0: nothing */
	const char *third;		/* what the remaining walker says of it */
};

struct oracle_counts {
	_Atomic uint64_t captures, frames, by[ORACLE_OTHERS][ORACLE_CLASSES], overflow;
};

extern struct oracle_counts oracle_counts;
extern struct oracle_difference oracle_table[ORACLE_TABLE];
extern _Atomic unsigned oracle_used;

int oracle_start(void);			/* compare.c: load the others */
void oracle_look(struct tshm_here);	/* take and compare; nothing before oracle_start */
void oracle_forget(void);		/* in a forked child: what the parent counted is the parent's */
void oracle_write(void);		/* write.c: one line of JSON, once; errno is kept */

#endif
