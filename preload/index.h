/* SPDX-License-Identifier: MIT */
/*
 * Hash to record: a table of words {32 bits of hash, record number} in buckets of
 * 8, one cache line.  A key lives in its bucket or the next; insertion takes an
 * empty word, deletion empties it, so there are no tombstones and every operation
 * ends after 16 words.  The caller compares keys.
 */
#ifndef TSHM_INDEX_H
#define TSHM_INDEX_H

#include "image.h"

#define TSHM_BUCKET 8

struct tshm_index {
	_Atomic uint64_t *words;
	uint32_t buckets;	/* a power of two */
};

#define TSHM_INDEX(name, count) \
	static _Atomic uint64_t name##_words[(count) * TSHM_BUCKET]; \
	static struct tshm_index name = { name##_words, (count) }

static inline uint32_t tshm_index_place(const struct tshm_index *x, uint64_t hash, unsigned i)
{
	uint32_t bucket = (uint32_t)(hash >> 32) & (x->buckets - 1);

	return ((bucket + i / TSHM_BUCKET) & (x->buckets - 1)) * TSHM_BUCKET + i % TSHM_BUCKET;
}

/*
 * Walk the records whose hash agrees: begin with *at = 0; 0 ends the walk.
 */
static inline uint32_t tshm_index_next(const struct tshm_index *x, uint64_t hash, unsigned *at)
{
	while (*at < 2 * TSHM_BUCKET) {
		uint64_t word = atomic_load_explicit(&x->words[tshm_index_place(x, hash, (*at)++)],
						     memory_order_acquire);

		if ((uint32_t)(word >> 32) == (uint32_t)hash && (uint32_t)word)
			return (uint32_t)word;
	}
	return 0;
}

/* false: no room near its place (rare; the record is then only not found again). */
static inline bool tshm_index_insert(struct tshm_index *x, uint64_t hash, uint32_t number)
{
	for (unsigned i = 0; i < 2 * TSHM_BUCKET; i++) {
		_Atomic uint64_t *word = &x->words[tshm_index_place(x, hash, i)];
		uint64_t empty = 0;

		if (!atomic_load_explicit(word, memory_order_relaxed) &&
		    atomic_compare_exchange_strong(word, &empty, hash << 32 | number))
			return true;
	}
	return false;
}

static inline void tshm_index_remove(struct tshm_index *x, uint64_t hash, uint32_t number)
{
	for (unsigned i = 0; i < 2 * TSHM_BUCKET; i++) {
		_Atomic uint64_t *word = &x->words[tshm_index_place(x, hash, i)];
		uint64_t there = hash << 32 | number;

		if (atomic_load_explicit(word, memory_order_relaxed) == there &&
		    atomic_compare_exchange_strong(word, &there, 0))
			return;
	}
}

#endif
