/* SPDX-License-Identifier: MIT */
/*
 * A section's records: the truth in private memory, mirrored to the ledger file.
 *
 * Both sides are arrays in chunks that double (chunk 0 is the section's first
 * extent).  Private chunks are never freed or moved, so a pointer into one stays
 * good whatever other threads do; whether the record is still the same one is told
 * by the generation in its stamp.
 *
 * Everything is lock-free: numbers come from a tagged free list or from the
 * high-water mark, and a signal handler may interrupt any line.
 */
#ifndef TSHM_STORE_H
#define TSHM_STORE_H

#include <stddef.h>

#include "image.h"
#include "sink.h"

#define TSHM_CHUNKS 18

struct tshm_store {
	uint8_t section;	/* enum tshm_section_id */
	uint8_t first_log2;	/* log2 of the section's first_count */
	uint16_t next_at;	/* offset of a 32-bit field of a free private record, for the free list */
	uint32_t size;		/* of a private record; 0: the section has no private side */
	uint32_t disk;		/* of a record in the file */
	uint32_t capacity;
	_Atomic uint32_t used;	/* high-water mark; 1 at the start */
	/*
	 * tag << 32 | number of the first free record.  A second list is for those whom
	 * handlers or threads disturb again and again in the first: they do not wait.
	 */
	_Atomic uint64_t free, spare;
	_Atomic(char *) own[TSHM_CHUNKS];	/* private */
	_Atomic(char *) map[TSHM_CHUNKS];	/* in the file; TSHM_NO_CHUNK: cannot be had */
};
#define TSHM_NO_CHUNK ((char *)-1)

extern TSHM_INTERNAL struct tshm_store tshm_stores[TSHM_SEC_COUNT];

/*
 * The numbers of a store that its code is made for: known to the compiler for what many calls touch, which are
 * resources, sites (site.c) and history (history.c).  tests/unit/test_engine.c compares them with the stores.
 */
struct tshm_store_form {
	unsigned first_log2;
	uint32_t size, disk, next_at;
};
#define TSHM_FORM_OF(s) ((struct tshm_store_form){ (s)->first_log2, (s)->size, (s)->disk, (s)->next_at })
#define TSHM_RESOURCE_FORM ((struct tshm_store_form){ 5, sizeof(struct tshm_resource), sizeof(struct tshm_resource), \
						      offsetof(struct tshm_resource, key) })

static inline __attribute__((always_inline)) unsigned tshm_store_chunk(struct tshm_store_form form, uint32_t number,
									uint32_t *index)
{
	uint32_t high = number >> form.first_log2;
	unsigned chunk = high ? 32 - (unsigned)__builtin_clz(high) : 0;

	*index = chunk ? number - (1u << (form.first_log2 + chunk - 1)) : number;
	return chunk;
}

static inline __attribute__((always_inline)) void *tshm_store_own_in(struct tshm_store *s, struct tshm_store_form form,
								     uint32_t number)
{
	uint32_t index;
	unsigned chunk = tshm_store_chunk(form, number, &index);
	char *at = atomic_load_explicit(&s->own[chunk], memory_order_acquire);

	return at ? at + (uint64_t)index * form.size : NULL;
}

/* The private record, or NULL if its chunk was never made. */
static inline void *tshm_store_own(struct tshm_store *s, uint32_t number)
{
	return tshm_store_own_in(s, TSHM_FORM_OF(s), number);
}

TSHM_INTERNAL void *tshm_store_map_slow(struct tshm_store *, unsigned chunk, uint32_t index);

static inline __attribute__((always_inline)) void *tshm_store_map_in(struct tshm_store *s, struct tshm_store_form form,
								     uint32_t number)
{
	uint32_t index;
	unsigned chunk = tshm_store_chunk(form, number, &index);
	char *at = atomic_load_explicit(&s->map[chunk], memory_order_acquire);

	if (TSHM_UNLIKELY((uintptr_t)at + 1 <= 1))
		return tshm_store_map_slow(s, chunk, index);
	return at + (uint64_t)index * form.disk;
}

/* The record in the file, mapping its chunk if need be, or NULL if it cannot be had. */
static inline void *tshm_store_map(struct tshm_store *s, uint32_t number)
{
	return tshm_store_map_in(s, TSHM_FORM_OF(s), number);
}

/* A record of one's own: its private stamp is BUSY with a new generation.  0: no room (counted). */
TSHM_INTERNAL uint32_t tshm_store_take(struct tshm_store *);
/* The same from the high-water mark only, for stores without a private side; 0 above `limit`. */
TSHM_INTERNAL uint32_t tshm_store_take_fresh(struct tshm_store *, uint32_t limit);
/* Write the private record to the file and give both the state. */
TSHM_INTERNAL void tshm_store_commit(struct tshm_store *, uint32_t number, enum tshm_state);
/* All private records, where they are the same in the file: one piece a chunk.  Returns how many. */
TSHM_INTERNAL unsigned tshm_store_pieces(struct tshm_store *, struct tshm_piece pieces[TSHM_CHUNKS]);
static inline bool tshm_store_has_free(struct tshm_store *s)
{
	return (uint32_t)atomic_load_explicit(&s->free, memory_order_acquire) ||
	       (uint32_t)atomic_load_explicit(&s->spare, memory_order_acquire);
}

/* Free a record that the caller owns. */
TSHM_INTERNAL void tshm_store_drop(struct tshm_store *, uint32_t number);
/* The three of them for resources. */
TSHM_INTERNAL uint32_t tshm_resource_take(void);
TSHM_INTERNAL void tshm_resource_commit(uint32_t number);	/* to LIVE */
TSHM_INTERNAL void tshm_resource_drop(uint32_t number);
/* Tell the reader that records below `used` may have been written. */
TSHM_INTERNAL void tshm_store_raise(struct tshm_store *, uint32_t used);
TSHM_INTERNAL void tshm_store_lost(struct tshm_store *);
TSHM_INTERNAL void tshm_store_recycled(struct tshm_store *);
/* The memory of four times as many records as every ledger has from the start. */
TSHM_INTERNAL void tshm_stores_prepare(void);
/* After fork: the file is new, the private side stays (or, where there is none, is empty). */
TSHM_INTERNAL void tshm_stores_forked(void);

/* Anonymous private memory for tables; NULL if there is none.  Never freed. */
TSHM_INTERNAL void *tshm_pages(uint64_t bytes);

#endif
