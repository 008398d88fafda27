/* SPDX-License-Identifier: MIT */
/*
 * The library's engine without its hooks: stores, slots, ranges, names.  It
 * writes a real ledger into a directory of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../preload/held.h"
#include "../../preload/index.h"
#include "../../preload/name.h"
#include "../../preload/site.h"
#include "../../preload/slots.h"
#include "../../preload/store.h"
#include "../../preload/strings.h"
#include "own_ledger.h"

/* store.c repeats ledger.c's table in a form that the fast path can use: they must agree. */
static void same_form(enum tshm_section_id section, struct tshm_store_form form)
{
	struct tshm_store_form is = TSHM_FORM_OF(&tshm_stores[section]);

	assert_memory_equal(&is, &form, sizeof(is));
}

static void layouts_agree(void **state)
{
	struct tshm_section sections[TSHM_SECTION_MAX] = { { 0 } };

	(void)state;
	tshm_ledger_layout(sections);
	for (int i = 0; i < TSHM_SEC_COUNT; i++) {
		assert_int_equal(tshm_stores[i].section, i);
		assert_int_equal(1u << tshm_stores[i].first_log2, sections[i].first_count);
		assert_int_equal(tshm_stores[i].capacity, sections[i].capacity);
		assert_int_equal(tshm_stores[i].disk, sections[i].record_size);
		assert_int_equal(sections[i].first_count * sections[i].record_size % 4096, 0);
	}
	same_form(TSHM_SEC_RESOURCES, TSHM_RESOURCE_FORM);
	same_form(TSHM_SEC_SITES, TSHM_SITE_FORM);
	same_form(TSHM_SEC_HISTORY, TSHM_HISTORY_FORM);
}

static uint32_t hold(int fd)
{
	uint32_t number;
	struct tshm_resource *r = tshm_held_new(&number, TSHM_CALL_open, TSHM_KIND_FILE, TSHM_ORIGIN_OPENED, 0);

	assert_non_null(r);
	tshm_fd_publish(fd, number);
	return number;
}

/* Another thread got the number while we closed it: its record stays. */
static void a_late_release_spares_the_successor(void **state)
{
	uint64_t before, now;

	(void)state;
	hold(900);
	before = tshm_fd_word(900);
	hold(900);
	now = tshm_fd_word(900);
	assert_true(now && now != before);
	assert_null(tshm_held_of(before));
	tshm_fd_release(900, before, 0);
	assert_true(tshm_fd_word(900) == now);
	tshm_fd_release(900, now, 0);
	assert_true(tshm_fd_word(900) == 0);
}

/* Numbers beyond the first chunks, and a file that does not grow with what was released. */
static void records_are_used_again(void **state)
{
	uint32_t used;

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (int fd = 1000; fd < 1600; fd++)
			hold(fd);
		for (int fd = 1000; fd < 1600; fd++)
			tshm_fd_release(fd, tshm_fd_word(fd), 0);
		if (!round)
			used = tshm_header->sections[TSHM_SEC_RESOURCES].used;
	}
	assert_int_equal(tshm_header->sections[TSHM_SEC_RESOURCES].used, used);
	assert_int_equal(tshm_header->sections[TSHM_SEC_RESOURCES].lost, 0);
	hold(1000000);
	assert_true(tshm_fd_word(1000000));
	tshm_fd_release(1000000, tshm_fd_word(1000000), 0);
}

/* Ranges against a plain array of pages: who owns each, after random maps and unmaps. */
#define PAGES 3000
#define BASE 0x7f0000000000ull

static void map_pages(uint32_t *owner, unsigned from, unsigned count, uint32_t id)
{
	uint64_t before = tshm_range_sequence();
	struct tshm_resource *r;
	uint32_t number;

	tshm_range_drop(BASE + from * 4096ull, count * 4096ull, before);
	for (unsigned i = from; i < from + count; i++)
		owner[i] = id;
	if (!id)
		return;
	r = tshm_held_new(&number, TSHM_CALL_mmap, TSHM_KIND_MAPPING, TSHM_ORIGIN_CREATED, 0);
	assert_non_null(r);
	r->key = BASE + from * 4096ull;
	r->length = count * 4096ull;
	r->ino = id;
	r->offset = from * 4096ull;	/* so that pieces tell whether their offset moved along */
	tshm_range_publish(number);
}

static void ranges_are_exact(void **state)
{
	static uint32_t owner[PAGES];
	unsigned seed = 1;

	(void)state;
	for (uint32_t step = 1; step < 4000; step++) {
		unsigned from = (unsigned)rand_r(&seed) % PAGES;
		unsigned longest = rand_r(&seed) % 4 ? 20 : 1200;
		unsigned count = 1 + (unsigned)rand_r(&seed) % longest;

		if (from + count > PAGES)
			count = PAGES - from;
		map_pages(owner, from, count, rand_r(&seed) % 3 ? step : 0);
		for (unsigned page = step % 7; page < PAGES; page += 7) {
			struct tshm_resource r;
			bool found = tshm_range_at(BASE + page * 4096ull, &r);

			assert_int_equal(found ? r.ino : 0, owner[page]);
			if (found)
				assert_int_equal(r.offset, r.key - BASE);
		}
	}
	map_pages(owner, 0, PAGES, 0);
	for (unsigned page = 0; page < PAGES; page++) {
		struct tshm_resource r;

		assert_false(tshm_range_at(BASE + page * 4096ull, &r));
	}
}

/* A mapping that somebody else made meanwhile is younger than the unmapping. */
static void a_younger_mapping_survives(void **state)
{
	static uint32_t owner[PAGES];
	uint64_t before = tshm_range_sequence();
	struct tshm_resource r;

	(void)state;
	map_pages(owner, 5, 1, 77);
	tshm_range_drop(BASE, PAGES * 4096ull, before);
	assert_true(tshm_range_at(BASE + 5 * 4096, &r));
	map_pages(owner, 5, 1, 0);
}

static void strings_are_kept_once(void **state)
{
	char longest[5000];
	uint32_t first = tshm_string("alpha", 5);

	(void)state;
	assert_int_not_equal(first, 0);
	assert_int_equal(tshm_string("alpha", 5), first);
	assert_int_not_equal(tshm_string("alpha\0b", 7), first);
	assert_int_equal(tshm_string("", 0), 0);
	memset(longest, 'x', sizeof(longest));
	assert_int_not_equal(tshm_string(longest, sizeof(longest)), 0);
	for (int i = 0; i < 20000; i++) {	/* more than there is room for: 0, counted, no fault */
		char text[64];
		int n = snprintf(text, sizeof(text), "string number %d, %040d", i, i);

		tshm_string(text, (size_t)n);
	}
	assert_true(tshm_header->sections[TSHM_SEC_STRINGS].lost > 0);
	assert_int_equal(tshm_string("alpha", 5), first);
}

static uint32_t name(const char *path, ino_t ino)
{
	struct stat st = { .st_dev = 1, .st_ino = ino };

	return tshm_name_confirm(tshm_name_intent(TSHM_SPACE_SHM, TSHM_CALL_shm_open, path, 0, TSHM_HIF_EXCLUSIVE, 0),
				 TSHM_HIF_EXCLUSIVE, &st, 0);
}

static void names_come_and_go(void **state)
{
	struct tshm_removal r;
	uint32_t number, again;

	(void)state;
	number = name("/dev/shm/tshm-engine-a", 10);
	assert_int_equal(tshm_name_find(TSHM_SPACE_SHM, "/dev/shm/tshm-engine-a", 0), number);
	assert_int_equal(tshm_name_find(TSHM_SPACE_SEM, "/dev/shm/tshm-engine-a", 0), 0);
	tshm_removal_look(&r, TSHM_SPACE_SHM, "/dev/shm/tshm-engine-a", 0);
	assert_true(r.has_ident && r.ino == 10);
	tshm_removal_done(&r, (struct tshm_here){ .call = TSHM_CALL_shm_unlink }, 0);
	assert_int_equal(tshm_name_find(TSHM_SPACE_SHM, "/dev/shm/tshm-engine-a", 0), 0);
	assert_true(tshm_history(number)->h.flags & TSHM_HIF_REMOVED);
	/* Made twice with another object in between: somebody else removed the first. */
	number = name("/dev/shm/tshm-engine-b", 11);
	again = name("/dev/shm/tshm-engine-b", 12);
	assert_int_not_equal(number, again);
	assert_true(tshm_history(number)->h.flags & TSHM_HIF_GONE);
	assert_int_equal(tshm_name_find(TSHM_SPACE_SHM, "/dev/shm/tshm-engine-b", 0), again);
}

/* A week of training makes and removes names without end: the ledger stays as it is. */
static void history_is_bounded(void **state)
{
	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct tshm_removal r;
		char path[64];

		snprintf(path, sizeof(path), "/dev/shm/tshm-engine-%d", i);
		assert_int_not_equal(name(path, (ino_t)i + 100), 0);
		if (i % 2)	/* the others' names are removed by another process: they are not there */
			continue;
		tshm_removal_look(&r, TSHM_SPACE_SHM, path, 0);
		tshm_removal_done(&r, (struct tshm_here){ .call = TSHM_CALL_unlink }, 0);
	}
	assert_true(tshm_header->sections[TSHM_SEC_HISTORY].used < 4096);
	assert_int_equal(tshm_header->sections[TSHM_SEC_HISTORY].lost, 0);
}

/* Neither do names that are asked for in vain; of one that came after all it is told. */
static void misses_are_bounded(void **state)
{
	struct tshm_here here = { .call = TSHM_CALL_shm_open, .on = true };
	uint32_t used = tshm_header->sections[TSHM_SEC_HISTORY].used, misses = 0, over = 0, count = 0;

	(void)state;
	for (int i = 0; i < 5000; i++) {
		char path[64];

		snprintf(path, sizeof(path), "/dev/shm/tshm-engine-none-%d", i);
		tshm_attach_failed(here, TSHM_SPACE_SHM, path, 0, 0, ENOENT, (uint64_t)i + 1);
	}
	for (int i = 0; i < 3; i++)
		tshm_attach_failed(here, TSHM_SPACE_SHM, "/dev/shm/tshm-engine-late", 0, 0, ENOENT, (uint64_t)i + 10000);
	tshm_attach_failed(here, TSHM_SPACE_SYSV, NULL, -1, 4711, ENOENT, 20000);
	tshm_attach_worked(TSHM_SPACE_SHM, "/dev/shm/tshm-engine-late", 0, 0);
	tshm_attach_worked(TSHM_SPACE_SYSV, NULL, 17, 4711);
	for (uint32_t n = 1; n < tshm_header->sections[TSHM_SEC_HISTORY].used; n++) {
		const struct tshm_history *h = &tshm_history(n)->h;

		if (h->type != TSHM_HIST_ATTACH_FAIL || TSHM_STAMP_STATE(h->stamp) != TSHM_STATE_CLOSED)
			continue;
		misses++;
		over += h->extra == 1;
		if (!strcmp(h->name, "/dev/shm/tshm-engine-late")) {
			count = h->count;
			assert_true(h->begin_mono == 10000 && h->end_mono == 10002 && h->extra == 1);
		}
	}
	assert_true(misses > 100 && misses <= 256);
	assert_int_equal(over, 2);
	assert_int_equal(count, 3);
	assert_true(tshm_header->sections[TSHM_SEC_HISTORY].used <= used + 256);
	assert_int_equal(tshm_header->sections[TSHM_SEC_HISTORY].lost, 0);
}

/* When the last use of a name ended, and that it is used again. */
static void a_name_tells_when_it_was_used(void **state)
{
	uint32_t number = name("/dev/shm/tshm-engine-used", 77);

	(void)state;
	assert_true(tshm_history(number)->h.before_mono > 0);
	tshm_history_ref(number);
	tshm_history_ref(number);
	tshm_history_unref(number);
	assert_int_equal(tshm_history(number)->h.low, 0);
	tshm_history_unref(number);
	assert_true((uint64_t)tshm_history(number)->h.low >= tshm_history(number)->h.before_mono);
	tshm_history_ref(number);
	assert_int_equal(tshm_history(number)->h.low, 0);
	tshm_history_unref(number);
}

#define MANY 200	/* beyond the first extent, and in several chunks */

static bool is_in_ledger(int fd)
{
	uint64_t word = tshm_fd_word(fd);
	struct tshm_resource *r = tshm_held_of(word), *m;

	m = r ? tshm_store_map(&tshm_stores[TSHM_SEC_RESOURCES], TSHM_SLOT_NUMBER(word)) : NULL;
	return m && !memcmp(m, r, sizeof(*m)) && m->key == (uint64_t)fd;
}

/* In a child everything live is there, as inherited, in a ledger of its own. */
static void a_child_begins_its_ledger(void **state)
{
	char token[32];
	int status;
	pid_t pid;

	(void)state;
	memcpy(token, tshm_header->token, sizeof(token));
	for (int i = 0; i < MANY; i++)
		hold(901 + i);
	pid = fork();
	if (pid == 0) {
		struct tshm_resource *r;
		bool good;

		tshm_image_forked();
		r = tshm_held_of(tshm_fd_word(901));
		good = r && tshm_held_inherited(r) && !memcmp(tshm_header->parent_token, token, 32) &&
		       memcmp(tshm_header->token, token, 32) != 0 && tshm_header->pid == getpid() &&
		       r->epoch != (uint16_t)tshm_header->epoch;
		for (int i = 0; i < MANY; i++)
			good = good && is_in_ledger(901 + i);
		hold(900);
		_exit(good && tshm_held_of(tshm_fd_word(900))->epoch == (uint16_t)tshm_header->epoch ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	for (int i = 0; i < MANY; i++)
		tshm_fd_release(901 + i, tshm_fd_word(901 + i), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layouts_agree),
		cmocka_unit_test(a_late_release_spares_the_successor),
		cmocka_unit_test(records_are_used_again),
		cmocka_unit_test(ranges_are_exact),
		cmocka_unit_test(a_younger_mapping_survives),
		cmocka_unit_test(names_come_and_go),
		cmocka_unit_test(history_is_bounded),
		cmocka_unit_test(misses_are_bounded),
		cmocka_unit_test(a_name_tells_when_it_was_used),
		cmocka_unit_test(a_child_begins_its_ledger),
		cmocka_unit_test(strings_are_kept_once),	/* last: it fills the arena */
	};

	return cmocka_run_group_tests(tests, start, finish);
}
