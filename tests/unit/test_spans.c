/* SPDX-License-Identifier: MIT */
/* Ranges by address, beside the slow way to find the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../report/spans.h"

#define ROOM 64u		/* addresses in which all ranges of a round lie */

/* The range that begins last and holds the address; of those with one beginning the shortest; of equals the best. */
static uint32_t slowly(const struct tshm_span *list, size_t count, uint64_t address)
{
	const struct tshm_span *best = NULL;

	for (size_t i = 0; i < count; i++) {
		const struct tshm_span *s = &list[i];

		if (s->start > address || s->end <= address)
			continue;
		if (!best || s->start > best->start ||
		    (s->start == best->start && (s->end < best->end || (s->end == best->end && s->rank > best->rank))))
			best = s;
	}
	return best ? best->value : TSHM_SPANS_NONE;
}

static void test_agrees(void **state)
{
	struct tshm_span list[20];

	(void)state;
	srand(1);
	for (unsigned round = 0; round < 20000; round++) {
		size_t count = (size_t)rand() % 20, taken = 0;
		struct tshm_spans spans = { 0 };

		for (size_t i = 0; i < count; i++) {
			uint64_t start = (uint64_t)rand() % ROOM, size = (uint64_t)rand() % (rand() % 4 ? 8 : ROOM);

			tshm_spans_add(&spans, start, start + size, (uint32_t)i, i & 1);
			if (size)
				list[taken++] = (struct tshm_span){ start, start + size, (uint32_t)i, i & 1 };
		}
		for (uint64_t address = 0; address < 2 * ROOM + 1; address++)
			assert_int_equal(tshm_spans_find(&spans, address), slowly(list, taken, address));
		tshm_spans_free(&spans);
	}
}

static void test_ends_of_the_world(void **state)
{
	struct tshm_spans spans = { 0 };

	(void)state;
	assert_int_equal(tshm_spans_find(&spans, 0), TSHM_SPANS_NONE);
	tshm_spans_add(&spans, 5, 5, 1, 0);		/* empty */
	tshm_spans_add(&spans, 9, 2, 2, 0);		/* backwards */
	assert_int_equal(tshm_spans_find(&spans, 5), TSHM_SPANS_NONE);
	tshm_spans_add(&spans, 0, UINT64_MAX, 3, 0);
	tshm_spans_add(&spans, UINT64_MAX - 1, UINT64_MAX, 4, 0);
	assert_int_equal(tshm_spans_find(&spans, 0), 3);
	assert_int_equal(tshm_spans_find(&spans, UINT64_MAX - 1), 4);
	assert_int_equal(tshm_spans_find(&spans, UINT64_MAX), TSHM_SPANS_NONE);
	tshm_spans_free(&spans);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_agrees), cmocka_unit_test(test_ends_of_the_world) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
