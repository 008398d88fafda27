/* SPDX-License-Identifier: MIT */
/*
 * What is at an address?  Ranges that may lie inside of each other or overlap, asked in
 * logarithmic time: the answer is the range that begins last before the address and
 * holds it.
 */
#ifndef TSHM_SPANS_H
#define TSHM_SPANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TSHM_SPANS_NONE UINT32_MAX

struct tshm_span {
	uint64_t start, end;
	uint32_t value, rank;
};

struct tshm_spans {			/* all zero: empty */
	struct tshm_span *list;		/* as added */
	size_t count, capacity;
	struct tshm_span_part { uint64_t start; uint32_t value; } *parts;	/* side by side; each ends where the next begins */
	size_t part_count;
};

/* Of equal ranges the one of higher rank is the answer, then the one that was added first.  Before the first look-up. */
void tshm_spans_add(struct tshm_spans *, uint64_t start, uint64_t end, uint32_t value, uint32_t rank);
uint32_t tshm_spans_find(struct tshm_spans *, uint64_t address);	/* the value; TSHM_SPANS_NONE: nothing is there */
void tshm_spans_free(struct tshm_spans *);

#endif
