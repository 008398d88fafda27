/* SPDX-License-Identifier: MIT */
#include "spans.h"

#include <stdlib.h>
#include <string.h>

#include "xalloc.h"

void tshm_spans_add(struct tshm_spans *s, uint64_t start, uint64_t end, uint32_t value, uint32_t rank)
{
	if (end <= start)
		return;
	TSHM_GROW(s->list, s->count, s->capacity);
	s->list[s->count++] = (struct tshm_span){ start, end, value, rank };
}

/* The outer before the inner; of equals the best last.  (Values grow in the order of adding.) */
static int outer_first(const void *a, const void *b)
{
	const struct tshm_span *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->end != y->end)
		return x->end > y->end ? -1 : 1;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return x->value > y->value ? -1 : x->value < y->value;
}

/* From here on it is this value; a part that would be empty is replaced. */
static void part(struct tshm_spans *s, uint64_t start, uint32_t value)
{
	if (s->part_count && s->parts[s->part_count - 1].start == start)
		s->part_count--;
	s->parts[s->part_count++] = (struct tshm_span_part){ start, value };
}

/* Close what ends before this address, innermost first; what lies around it goes on after it. */
static size_t close_until(struct tshm_spans *s, const struct tshm_span **open, size_t depth, uint64_t until)
{
	while (depth && open[depth - 1]->end <= until) {
		uint64_t end = open[--depth]->end;

		/* What lies around it may have ended before: they only overlapped. */
		while (depth && open[depth - 1]->end <= end)
			depth--;
		part(s, end, depth ? open[depth - 1]->value : TSHM_SPANS_NONE);
	}
	return depth;
}

/* One sweep over the ranges by address; those that hold the address lie on a stack. */
static void flatten(struct tshm_spans *s)
{
	const struct tshm_span **open = tshm_xcalloc(s->count, sizeof(struct tshm_span *));
	size_t depth = 0;

	s->parts = tshm_xcalloc(2 * s->count, sizeof(*s->parts));
	qsort(s->list, s->count, sizeof(*s->list), outer_first);
	for (size_t i = 0; i < s->count; i++) {
		depth = close_until(s, open, depth, s->list[i].start);
		part(s, s->list[i].start, s->list[i].value);
		open[depth++] = &s->list[i];
	}
	close_until(s, open, depth, UINT64_MAX);
	free(open);
	free(s->list);
	s->list = NULL;
}

uint32_t tshm_spans_find(struct tshm_spans *s, uint64_t address)
{
	size_t low = 0, high;

	if (s->list)
		flatten(s);
	for (high = s->part_count; low < high;) {
		size_t middle = low + (high - low) / 2;

		if (s->parts[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? s->parts[low - 1].value : TSHM_SPANS_NONE;
}

void tshm_spans_free(struct tshm_spans *s)
{
	free(s->list);
	free(s->parts);
	memset(s, 0, sizeof(*s));
}
