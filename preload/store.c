/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <sys/mman.h>

#include "atomic.h"
#include "held.h"
#include "history.h"
#include "ipc.h"
#include "module.h"
#include "site.h"
#include "sink.h"
#include "store.h"
#include "sys.h"

/* first_log2 and capacity repeat ledger.c's table; tests/unit/test_engine.c compares them. */
struct tshm_store tshm_stores[TSHM_SEC_COUNT] = {
	[TSHM_SEC_RESOURCES] = { .section = TSHM_SEC_RESOURCES, .first_log2 = 5, .capacity = 1u << 20, .used = 1,
		.size = sizeof(struct tshm_resource), .disk = sizeof(struct tshm_resource),
		.next_at = offsetof(struct tshm_resource, key) },
	[TSHM_SEC_SITES] = { .section = TSHM_SEC_SITES, .first_log2 = 3, .capacity = 1u << 14, .used = 1,
		.size = sizeof(struct tshm_own_site), .disk = sizeof(struct tshm_site),
		.next_at = offsetof(struct tshm_own_site, next) },
	[TSHM_SEC_HISTORY] = { .section = TSHM_SEC_HISTORY, .first_log2 = 3, .capacity = 1u << 16, .used = 1,
		.size = sizeof(struct tshm_own_history), .disk = sizeof(struct tshm_history),
		.next_at = offsetof(struct tshm_own_history, next) },
	[TSHM_SEC_TRANSFERS] = { .section = TSHM_SEC_TRANSFERS, .first_log2 = 5, .capacity = 1u << 12, .used = 1,
		.disk = sizeof(struct tshm_transfer) },
	[TSHM_SEC_MODULES] = { .section = TSHM_SEC_MODULES, .first_log2 = 6, .capacity = 1u << 12, .used = 1,
		.size = sizeof(struct tshm_own_module), .disk = sizeof(struct tshm_module),
		.next_at = offsetof(struct tshm_own_module, next) },
	[TSHM_SEC_STRINGS] = { .section = TSHM_SEC_STRINGS, .first_log2 = 9, .capacity = 1u << 17, .used = 1,
		.size = TSHM_STRING_UNIT, .disk = TSHM_STRING_UNIT },
	[TSHM_SEC_THREADS] = { .section = TSHM_SEC_THREADS, .first_log2 = 7, .capacity = 1u << 12, .used = 1,
		.disk = sizeof(struct tshm_thread) },
	[TSHM_SEC_CHILDREN] = { .section = TSHM_SEC_CHILDREN, .first_log2 = 6, .capacity = 1u << 12, .used = 1,
		.disk = sizeof(struct tshm_child) },
	[TSHM_SEC_MARKS] = { .section = TSHM_SEC_MARKS, .first_log2 = 4, .capacity = 1u << 10, .used = 1,
		.disk = sizeof(struct tshm_mark) },
	[TSHM_SEC_IPC] = { .section = TSHM_SEC_IPC, .first_log2 = 4, .capacity = 1u << 14, .used = 1,
		.size = sizeof(struct tshm_own_ipc), .disk = sizeof(struct tshm_ipc),
		.next_at = offsetof(struct tshm_own_ipc, next) },
};

void *tshm_pages(uint64_t bytes)
{
	long at = TSHM_SYS6(SYS_mmap, 0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return tshm_sys_failed(at) ? NULL : (void *)at;
}

static uint64_t tshm_chunk_records(const struct tshm_store *s, unsigned chunk)
{
	return 1ull << (s->first_log2 + (chunk ? chunk - 1 : 0));
}

static void *tshm_store_make_own(struct tshm_store *s, unsigned chunk)
{
	uint64_t bytes = (tshm_chunk_records(s, chunk) * s->size + 4095) & ~4095ull;
	char *mine = tshm_pages(bytes);
	char *old = NULL;

	if (!mine)
		return NULL;
	if (atomic_compare_exchange_strong(&s->own[chunk], &old, mine))
		return mine;
	TSHM_SYS2(SYS_munmap, mine, bytes);
	return old;
}

void *tshm_store_map_slow(struct tshm_store *s, unsigned chunk, uint32_t index)
{
	const struct tshm_section *section = &tshm_header->sections[s->section];
	uint64_t bytes = tshm_chunk_records(s, chunk) * s->disk;
	uint32_t first = chunk ? 1u << (s->first_log2 + chunk - 1) : 0;
	char *old = NULL, *mine;

	if (atomic_load(&s->map[chunk]) == TSHM_NO_CHUNK)
		return NULL;
	mine = tshm_sink_map(tshm_ledger_offset(section, first), bytes);
	if (!mine && tshm_confined)	/* the attempt to confine us may fail */
		return NULL;
	if (!mine) {
		atomic_compare_exchange_strong(&s->map[chunk], &old, TSHM_NO_CHUNK);
		return old && old != TSHM_NO_CHUNK ? old + (uint64_t)index * s->disk : NULL;
	}
	if (!atomic_compare_exchange_strong(&s->map[chunk], &old, mine)) {
		tshm_sink_unmap(mine, bytes);
		if (old == TSHM_NO_CHUNK)
			return NULL;
		mine = old;
	}
	return mine + (uint64_t)index * s->disk;
}

unsigned tshm_store_pieces(struct tshm_store *s, struct tshm_piece pieces[TSHM_CHUNKS])
{
	uint32_t used = atomic_load(&s->used), count = 0;
	unsigned n = 0;

	for (uint32_t first = 0; first < used && n < TSHM_CHUNKS; first += count, n++) {
		uint32_t index;
		unsigned chunk = tshm_store_chunk(TSHM_FORM_OF(s), first, &index);

		count = (uint32_t)tshm_chunk_records(s, chunk);
		if (count > used - first)
			count = used - first;
		pieces[n] = (struct tshm_piece){ atomic_load(&s->own[chunk]), first, count, s->section };
		if (!pieces[n].from)
			break;
	}
	return n;
}

void tshm_store_lost(struct tshm_store *s)
{
	atomic_fetch_add_explicit((_Atomic uint64_t *)&tshm_header->sections[s->section].lost, 1,
				  memory_order_relaxed);
}

void tshm_store_recycled(struct tshm_store *s)
{
	atomic_fetch_add_explicit((_Atomic uint64_t *)&tshm_header->sections[s->section].recycled, 1,
				  memory_order_relaxed);
}

void tshm_store_raise(struct tshm_store *s, uint32_t used)
{
	_Atomic uint32_t *told = (_Atomic uint32_t *)&tshm_header->sections[s->section].used;
	uint32_t old = atomic_load_explicit(told, memory_order_relaxed);

	while (old < used && !atomic_compare_exchange_weak(told, &old, used))
		;
}

uint32_t tshm_store_take_fresh(struct tshm_store *s, uint32_t limit)
{
	/*
	 * Without a private side the file's own mark serves: a private one would cost a
	 * parent the copy of a page after each fork.
	 */
	_Atomic uint32_t *used = s->size ? &s->used : (_Atomic uint32_t *)&tshm_header->sections[s->section].used;
	uint32_t number = atomic_load_explicit(used, memory_order_relaxed);

	do {
		if (!number || number >= limit || number >= s->capacity)
			return 0;
	} while (!atomic_compare_exchange_weak(used, &number, number + 1));
	return number;
}

#define TRIES 8		/* in a list that others change all the time */

static inline __attribute__((always_inline)) uint32_t tshm_store_pop(struct tshm_store *s, struct tshm_store_form form,
									_Atomic uint64_t *list)
{
	uint64_t head = atomic_load_explicit(list, memory_order_acquire);
	uint32_t number;

	for (int i = 0; i < TRIES && (number = (uint32_t)head); i++) {
		/* May be stale if another thread takes it first: then the tag differs and we look again. */
		uint32_t next = atomic_load_explicit(
			(_Atomic uint32_t *)((char *)tshm_store_own_in(s, form, number) + form.next_at),
			memory_order_relaxed);
		uint64_t after = ((head >> 32) + 1) << 32 | next;

		if (tshm_atomic_swap_if(list, &head, after))
			return number;
	}
	return 0;
}

static inline __attribute__((always_inline)) bool tshm_store_push(_Atomic uint64_t *list, uint32_t number,
								  _Atomic uint32_t *next)
{
	uint64_t head = atomic_load_explicit(list, memory_order_relaxed);

	for (int i = 0; i < TRIES; i++) {
		atomic_store_explicit(next, (uint32_t)head, memory_order_relaxed);
		if (tshm_atomic_swap_if(list, &head, ((head >> 32) + 1) << 32 | number))
			return true;
	}
	return false;
}

static __attribute__((noinline)) uint32_t tshm_store_take_new(struct tshm_store *s)
{
	uint32_t number = tshm_store_take_fresh(s, s->capacity), index;
	unsigned chunk = tshm_store_chunk(TSHM_FORM_OF(s), number, &index);

	if (!number || (!atomic_load(&s->own[chunk]) && !tshm_store_make_own(s, chunk))) {
		tshm_store_lost(s);
		return 0;
	}
	return number;
}

static inline __attribute__((always_inline)) uint32_t tshm_store_take_in(struct tshm_store *s,
									  struct tshm_store_form form)
{
	uint32_t number = tshm_store_pop(s, form, &s->free);
	_Atomic uint64_t *stamp;
	uint64_t generation;

	if (TSHM_UNLIKELY(!number))
		number = tshm_store_pop(s, form, &s->spare);
	if (TSHM_UNLIKELY(!number))
		number = tshm_store_take_new(s);
	if (TSHM_UNLIKELY(!number))
		return 0;
	stamp = tshm_store_own_in(s, form, number);
	/* 32 bits, as many as a slot's word has */
	generation = TSHM_STAMP_GENERATION(atomic_load_explicit(stamp, memory_order_relaxed)) + 1;
	atomic_store_explicit(stamp, TSHM_STAMP((uint32_t)generation, TSHM_STATE_BUSY), memory_order_relaxed);
	return number;
}

/* Eight words, or those from `first` on: records are multiples of 64 bytes (tests/unit/test_engine.c). */
static inline __attribute__((always_inline)) void tshm_store_words(uint64_t *to, const uint64_t *from, int first)
{
#pragma GCC unroll 8
	for (int i = first; i < 8; i++)
		atomic_store_explicit((_Atomic uint64_t *)&to[i], TSHM_GET(from[i]), memory_order_relaxed);
}

static inline __attribute__((always_inline)) void tshm_store_write(struct tshm_store *s, struct tshm_store_form form,
								   uint32_t number, const uint64_t *from,
								   uint64_t stamp)
{
	uint64_t *map = tshm_store_map_in(s, form, number);

	if (!map) {
		tshm_store_lost(s);
		return;
	}
	tshm_store_raise(s, number + 1);
	/*
	 * A record that stands (an intent that is confirmed, say) stays readable while
	 * it changes: were it BUSY, a SIGKILL here would leave a name without a record.
	 * Words change in order, so identity and times are there before the flags that
	 * speak of them.
	 */
	if ((TSHM_GET(map[0]) ^ stamp) >> 2 || TSHM_STAMP_STATE(TSHM_GET(map[0])) < TSHM_STATE_LIVE) {
		atomic_store_explicit((_Atomic uint64_t *)map, TSHM_STAMP(0, TSHM_STATE_BUSY), memory_order_relaxed);
		atomic_thread_fence(memory_order_release);
	}
	tshm_store_words(map, from, 1);
	for (uint32_t i = 8; i < form.disk / 8; i += 8)
		tshm_store_words(map + i, from + i, 0);
	atomic_store_explicit((_Atomic uint64_t *)map, stamp, memory_order_release);
}

static inline __attribute__((always_inline)) void tshm_store_commit_in(struct tshm_store *s, struct tshm_store_form form,
									uint32_t number, enum tshm_state state)
{
	uint64_t *own = tshm_store_own_in(s, form, number);
	uint64_t stamp = TSHM_STAMP(TSHM_STAMP_GENERATION(TSHM_GET(own[0])), state);

	tshm_store_write(s, form, number, own, stamp);
	atomic_store_explicit((_Atomic uint64_t *)own, stamp, memory_order_release);
}

static inline __attribute__((always_inline)) void tshm_store_drop_in(struct tshm_store *s, struct tshm_store_form form,
								      uint32_t number)
{
	uint64_t *own = tshm_store_own_in(s, form, number);
	uint64_t *map = tshm_store_map_in(s, form, number);
	uint64_t stamp = TSHM_STAMP(TSHM_STAMP_GENERATION(TSHM_GET(own[0])), TSHM_STATE_FREE);
	_Atomic uint32_t *next;

	if (map)
		atomic_store_explicit((_Atomic uint64_t *)map, stamp, memory_order_release);
	atomic_store_explicit((_Atomic uint64_t *)own, stamp, memory_order_release);
	next = (_Atomic uint32_t *)((char *)own + form.next_at);
	if (TSHM_LIKELY(tshm_store_push(&s->free, number, next)))
		return;
	while (!tshm_store_push(&s->spare, number, next))
		;
}

uint32_t tshm_store_take(struct tshm_store *s) { return tshm_store_take_in(s, TSHM_FORM_OF(s)); }

void tshm_store_commit(struct tshm_store *s, uint32_t number, enum tshm_state state)
{
	tshm_store_commit_in(s, TSHM_FORM_OF(s), number, state);
}

void tshm_store_drop(struct tshm_store *s, uint32_t number) { tshm_store_drop_in(s, TSHM_FORM_OF(s), number); }

#define RESOURCES (&tshm_stores[TSHM_SEC_RESOURCES])

uint32_t tshm_resource_take(void) { return tshm_store_take_in(RESOURCES, TSHM_RESOURCE_FORM); }

void tshm_resource_commit(uint32_t number)
{
	tshm_store_commit_in(RESOURCES, TSHM_RESOURCE_FORM, number, TSHM_STATE_LIVE);
}

void tshm_resource_drop(uint32_t number) { tshm_store_drop_in(RESOURCES, TSHM_RESOURCE_FORM, number); }

void tshm_stores_prepare(void)
{
	for (int i = 0; i < TSHM_SEC_COUNT; i++) {
		struct tshm_store *s = &tshm_stores[i];

		for (unsigned chunk = 0; chunk < 3; chunk++) {
			if (s->size && !atomic_load(&s->own[chunk]))
				tshm_store_make_own(s, chunk);
			if (!atomic_load(&s->map[chunk]))
				tshm_store_map_slow(s, chunk, 0);
		}
	}
}

void tshm_stores_forked(void)
{
	for (int i = 0; i < TSHM_SEC_COUNT; i++) {
		struct tshm_store *s = &tshm_stores[i];

		for (int chunk = 0; chunk < TSHM_CHUNKS; chunk++)
			atomic_store_explicit(&s->map[chunk], NULL, memory_order_relaxed);
	}
}
