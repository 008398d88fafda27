/* SPDX-License-Identifier: MIT */
/*
 * Eight threads in the engine at once, on the same numbers, ranges, names and strings.  For
 * ThreadSanitizer (--enable-tsan), which sees what was not atomic; without it, for what is
 * lost or there twice in the end.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../preload/name.h"
#include "../../preload/note.h"
#include "../../preload/site.h"
#include "../../preload/store.h"
#include "../../preload/strings.h"
#include "own_ledger.h"

#define THREADS 8
#define ROUNDS 4000
#define NUMBERS 32
#define FIRST 1000
#define NAMES 48
#define REGIONS 3

static pthread_barrier_t barrier;

/* A caller, as a hook would see it. */
static struct tshm_here here(enum tshm_call call) { return TSHM_HERE_OF(call, true); }

struct thread { pthread_t id; unsigned number; uint64_t random; };

static unsigned pick(struct thread *t, unsigned below)
{
	t->random = t->random * 6364136223846793005ul + 1442695040888963407ul;
	return (unsigned)(t->random >> 33) % below;
}

/*
 * A kernel: a number is given to one thread until that closes it; then another may have it
 * at once, while the first has yet to note that it closed it.
 */
static atomic_int taken[NUMBERS];

static int kernel_open(struct thread *t)
{
	for (unsigned i = pick(t, NUMBERS);; i = (i + 1) % NUMBERS) {
		int free = 0;

		if (atomic_compare_exchange_strong(&taken[i], &free, 1))
			return FIRST + (int)i;
	}
}

static void kernel_close(int fd) { atomic_store(&taken[fd - FIRST], 0); }

static void give_back(int fd)
{
	uint64_t word = tshm_fd_word(fd);

	kernel_close(fd);
	tshm_note_close(here(TSHM_CALL_close), fd, word, 0, 0);
}

static void descriptors(struct thread *t)
{
	int fd = kernel_open(t), other;

	tshm_note_open(here(TSHM_CALL_open), fd, TSHM_KIND_FILE, true);
	if (pick(t, 2))
		tshm_note_cloexec(fd, pick(t, 2));
	if (pick(t, 2)) {
		other = kernel_open(t);
		tshm_note_dup(here(TSHM_CALL_dup), fd, other, false, false);
		tshm_note_stream(other);
		give_back(other);
	}
	give_back(fd);
}

/*
 * Memfds are real: their identity is asked for.  A number is closed by one thread before
 * another gets it; ThreadSanitizer is told so by `closes`, for it does not see the kernel.
 */
static atomic_uint closes;

static void segments(struct thread *t)
{
	int fd = memfd_create("threads", MFD_CLOEXEC);
	unsigned closed = atomic_load(&closes);
	uint64_t word;

	(void)t;
	(void)closed;
	if (fd < 0)
		return;
	tshm_note_memfd(here(TSHM_CALL_memfd_create), fd, "threads", true);
	tshm_note_size(here(TSHM_CALL_ftruncate), fd, 0, 0, 8192);
	word = tshm_fd_word(fd);
	atomic_fetch_add(&closes, 1);
	close(fd);
	tshm_note_close(here(TSHM_CALL_close), fd, word, 0, 0);
}

/*
 * An address space: 16 pages are one thread's from mmap until it has unmapped them, the
 * middle first; then they may be another's at once, who cuts his in two while the first
 * has yet to note that it unmapped its parts.
 */
static atomic_int mapped[REGIONS];

static void part_back(uintptr_t at, unsigned from, unsigned to, atomic_int *region)
{
	uint64_t before = tshm_range_sequence();

	if (region)
		atomic_store(region, 0);
	tshm_range_drop(at + from * 4096ul, (to - from) * 4096ul, before);
}

static void mappings(struct thread *t)
{
	unsigned i = pick(t, REGIONS), hole = 1 + pick(t, 7), end = hole + 1 + pick(t, 7);
	uintptr_t at = 0x10000000ul + i * 0x10000ul;
	int free = 0;

	if (!atomic_compare_exchange_strong(&mapped[i], &free, 1))
		return;
	tshm_note_map(here(TSHM_CALL_mmap), (void *)at, 0x10000, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0,
		      tshm_range_sequence());
	part_back(at, hole, end, NULL);
	part_back(at, 0, hole, NULL);
	part_back(at, end, 16, &mapped[i]);
}

static void names(struct thread *t)
{
	struct tshm_removal r;
	uint32_t number;
	char name[64];

	snprintf(name, sizeof(name), "/dev/shm/tshm-test-threads-%d-%u", (int)getpid(), pick(t, NAMES));
	if (pick(t, 2)) {
		number = tshm_name_intent(TSHM_SPACE_SHM, TSHM_CALL_shm_open, name, 0, TSHM_HIF_EXCLUSIVE,
					  tshm_site_here(here(TSHM_CALL_shm_open)));
		if (pick(t, 4))
			tshm_name_confirm(number, TSHM_HIF_EXCLUSIVE, NULL, 0);
		else
			tshm_name_withdraw(number);
	} else {
		tshm_removal_look(&r, TSHM_SPACE_SHM, name, 0);
		if (tshm_removal_keep(&r))
			tshm_history_unref(r.number);
		if (pick(t, 2))
			tshm_removal_done(&r, here(TSHM_CALL_shm_unlink), 0);
		else
			tshm_removal_vain(&r, here(TSHM_CALL_shm_unlink));
	}
	tshm_string(name, strlen(name));
}

/* A name that is asked for in vain, or found after all. */
static void misses(struct thread *t)
{
	char name[64];

	snprintf(name, sizeof(name), "/dev/shm/tshm-test-threads-missed-%u", pick(t, NAMES));
	if (pick(t, 2))
		tshm_attach_failed(here(TSHM_CALL_shm_open), TSHM_SPACE_SHM, name, 0, 0, ENOENT, 1);
	else
		tshm_attach_worked(TSHM_SPACE_SHM, name, 0, 0);
}

/*
 * An allocation's address may be another thread's at once, who then lets go of the record while the
 * one that freed it is about to: a record that goes twice would be handed out for ever.
 */
static void pointers(struct thread *t)
{
	uintptr_t key = 0x40000000ul + pick(t, 3) * 16;
	uint64_t word = tshm_pointer_word(key);
	struct tshm_resource *r;
	uint32_t number;

	if (word) {
		tshm_pointer_release(key, word);
		return;
	}
	r = tshm_held_new(&number, TSHM_CALL_sem_open, TSHM_KIND_SEMAPHORE, TSHM_ORIGIN_CREATED,
			  tshm_site_here(here(TSHM_CALL_sem_open)));
	if (!r)
		return;
	TSHM_PUT(r->key, key);
	tshm_pointer_publish(key, number);
}

static void *run(void *argument)
{
	static void (*const works[])(struct thread *) = { descriptors, mappings, segments, names, mappings, mappings,
							   misses, pointers };
	struct thread *t = argument;

	pthread_barrier_wait(&barrier);
	for (int i = 0; i < ROUNDS; i++)
		works[pick(t, 8)](t);
	return NULL;
}

static void nothing_is_lost_or_there_twice(void **state)
{
	struct thread threads[THREADS];
	static unsigned char seen[1 << 12];

	(void)state;
	pthread_barrier_init(&barrier, NULL, THREADS);
	for (unsigned i = 0; i < THREADS; i++) {
		threads[i] = (struct thread){ .number = i, .random = i };
		assert_int_equal(pthread_create(&threads[i].id, NULL, run, &threads[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i].id, NULL);
	for (uint32_t n = 1; n < atomic_load(&tshm_stores[TSHM_SEC_RESOURCES].used); n++) {
		const struct tshm_resource *r = tshm_held(n), *m = tshm_store_map(&tshm_stores[TSHM_SEC_RESOURCES], n);

		assert_int_equal(r->stamp, m->stamp);
		assert_int_not_equal(TSHM_STAMP_STATE(r->stamp), TSHM_STATE_BUSY);
		if (TSHM_STAMP_STATE(r->stamp) == TSHM_STATE_LIVE)
			assert_int_not_equal(tshm_kind_by(r->kind), TSHM_BY_RANGE);	/* all was unmapped */
		if (TSHM_STAMP_STATE(r->stamp) != TSHM_STATE_LIVE || tshm_kind_by(r->kind) != TSHM_BY_DESCRIPTOR)
			continue;
		assert_in_range(r->key, 0, sizeof(seen) - 1);
		assert_int_equal(seen[r->key]++, 0);
		assert_ptr_equal(tshm_held_of(tshm_fd_word((int)r->key)), r);
	}
	for (uint32_t n = 1; n < atomic_load(&tshm_stores[TSHM_SEC_HISTORY].used); n++)
		assert_int_not_equal(TSHM_STAMP_STATE(tshm_history(n)->h.stamp), TSHM_STATE_BUSY);
	assert_int_equal(tshm_header->sections[TSHM_SEC_RESOURCES].lost, 0);
	assert_int_equal(tshm_header->sections[TSHM_SEC_HISTORY].lost, 0);
}

/* With a sanitizer the code has so many more instructions that trying each takes an hour. */
#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)

/* What the interrupted code may use below its stack pointer stays. */
#define TRAPS(change) \
	__asm__ volatile("subq $128, %%rsp; pushfq; " change ", (%%rsp); popfq; addq $128, %%rsp" : : : "memory", "cc")

static struct { uintptr_t at; uint64_t before; long now, wanted; } other;

static void on_step(int signal)
{
	(void)signal;
	if (++other.now == other.wanted)
		tshm_range_drop(other.at, 0x10000, other.before);
}

/*
 * A thread unmapped [at, at + 16 pages); before it notes that, another maps there and
 * unmaps four of them, and so cuts the record of the first, who comes to look for it at
 * this very moment: at each instruction in turn.  Nothing of it may stay.
 */
static void a_part_is_found_by_who_drops_the_whole(void **state)
{
	struct sigaction action = { .sa_handler = on_step };
	struct tshm_resource copy;

	(void)state;
	sigaction(SIGTRAP, &action, NULL);
	other.at = 0x30000000;
	for (other.wanted = 1;; other.wanted++) {
		uint64_t before;

		tshm_note_map(here(TSHM_CALL_mmap), (void *)other.at, 0x10000, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0,
			      tshm_range_sequence());
		other.before = tshm_range_sequence();
		before = tshm_range_sequence();
		other.now = 0;
		TRAPS("orq $0x100");
		tshm_range_drop(other.at + 0x4000, 0x4000, before);
		TRAPS("andq $~0x100");
		if (other.now < other.wanted)
			break;
		for (unsigned page = 0; page < 16; page++)
			assert_false(tshm_range_at(other.at + page * 4096, &copy));
	}
	tshm_range_drop(other.at, 0x10000, tshm_range_sequence());
	assert_true(other.wanted > 100);
}

#else

static void a_part_is_found_by_who_drops_the_whole(void **state)
{
	(void)state;
	skip();
}

#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_part_is_found_by_who_drops_the_whole),
		cmocka_unit_test(nothing_is_lost_or_there_twice),
	};

	return cmocka_run_group_tests(tests, start, finish);
}
