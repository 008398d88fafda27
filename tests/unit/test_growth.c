/* SPDX-License-Identifier: MIT */
/* What grows from mark to mark, and what of it went again: in made runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "made_run.h"

#define OWNER_PID 3999990
#define MS 1000000ull

static void expect_growth(const char *words)
{
	struct judged j = judge();

	expect_finding(&j, "fd-growth", TSHM_ERROR, words);
	done(&j);
}

static void expect_none(void)
{
	struct judged j = judge();

	expect_no_finding(&j, "fd-growth");
	done(&j);
}

/*
 * Six marks "epoch", each with so many more descriptors at its end, all by one place; some of that place, and
 * some of others, go before the next begins.
 */
static void epochs(uint16_t more, int64_t released, int64_t others)
{
	struct made m = make_ledger(1, OWNER_PID, 1, "/bin/trainer");
	uint32_t site = make_site(&m, TSHM_CALL_open, 0x1000), epoch = make_string(&m, "epoch", 5);
	int64_t live = 20000, of_site = 10000;

	for (int i = 0; i < 6; i++) {
		struct tshm_mark *mark = make_record(&m, TSHM_SEC_MARKS, NULL);

		mark->stamp = TSHM_STAMP(1, TSHM_STATE_CLOSED);
		mark->name = epoch;
		mark->sequence = (uint64_t)i + 1;
		mark->begin_mono = m.header->start_mono + (uint64_t)i * 2 * MS;
		mark->end_mono = mark->begin_mono + MS;
		for (int class = 0; class < TSHM_MARK_CLASSES; class++)
			mark->live_begin[class] = mark->live_end[class] = class == TSHM_MARK_DESCRIPTORS ? live : 0;
		mark->live_end[TSHM_MARK_DESCRIPTORS] += more;
		mark->leaves[0].site = site;
		mark->leaves[0].class = TSHM_MARK_DESCRIPTORS;
		mark->leaves[0].grown = more;
		mark->leaves[0].live_end = (uint32_t)(of_site + more);
		live += more - released - others;
		of_site += more - released;
	}
	make_end(&m, TSHM_ENDED_EXIT, 0);
	save(&m);
}

/*
 * for i in range(6): with mark("epoch"): open files; and close them after the with.  What the last one left
 * was there when it ended.
 */
static void closed_between_marks(void **state)
{
	(void)state;
	epochs(1, 0, 0);
	expect_growth("6 more descriptors were live at the end of mark \"epoch\" (6 of them)");
	epochs(1, 1, 0);
	expect_none();
	/* A test's setup took time off for fixtures of others, and what they let go of was taken for what the test leaked. */
	epochs(1, 0, 100);
	expect_growth("6 more descriptors were live at the end of mark \"epoch\" (6 of them)");
	epochs(10, 7, 3);
	expect_growth("25 more descriptors were live");
	epochs(10, 1000, 1000);	/* what went was not of the marks alone; what the last one left is still there */
	expect_growth("10 more descriptors were live");
}

/* A mark by which `site` and `other` have grown by so many (0: not), and that began with `live` descriptors of all places. */
static void add_epoch(struct made *m, uint32_t epoch, unsigned number, int64_t live, int64_t grown, const uint32_t *sites,
		      const uint16_t *more, const uint32_t *live_end)
{
	struct tshm_mark *mark = make_record(m, TSHM_SEC_MARKS, NULL);
	int leaf = 0;

	mark->stamp = TSHM_STAMP(1, TSHM_STATE_CLOSED);
	mark->name = epoch;
	mark->sequence = number;
	mark->begin_mono = m->header->start_mono + number * 2 * MS;
	mark->end_mono = mark->begin_mono + MS;
	mark->live_begin[TSHM_MARK_SEGMENTS] = live;
	mark->live_end[TSHM_MARK_SEGMENTS] = live + grown;
	for (int i = 0; i < 2; i++)
		if (more[i])
			mark->leaves[leaf++] = (struct tshm_mark_leaf){ sites[i], live_end[i], TSHM_MARK_SEGMENTS, more[i] };
}

/*
 * Each odd step makes three descriptors of segments, which the even one after it closes, and each even one leaves
 * one open: what went in a mark is told by that mark's own count, and is not taken off again.
 */
static void closed_in_a_mark(void **state)
{
	struct made m = make_ledger(1, OWNER_PID, 1, "/bin/trainer");
	uint32_t epoch = make_string(&m, "step", 4);
	uint32_t sites[2] = { make_site(&m, TSHM_CALL_shm_open, 0x1000), make_site(&m, TSHM_CALL_shm_open, 0x2000) };
	int64_t leaked = 0;

	(void)state;
	for (unsigned i = 1; i <= 8; i++) {
		const uint16_t more[2] = { i % 2 ? 3 : 0, !(i % 2) };

		if (i % 2) {
			add_epoch(&m, epoch, i, leaked, 3, sites, more, (const uint32_t[]){ 3, 0 });
		} else {
			leaked++;
			add_epoch(&m, epoch, i, leaked + 2, -2, sites, more, (const uint32_t[]){ 0, (uint32_t)leaked });
		}
	}
	make_end(&m, TSHM_ENDED_EXIT, 0);
	save(&m);
	expect_growth("4 more descriptors of segments and memfds were live at the end of mark \"step\" (8 of them)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(closed_between_marks, set_up, tear_down),
		cmocka_unit_test_setup_teardown(closed_in_a_mark, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
