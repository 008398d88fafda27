/* SPDX-License-Identifier: MIT */
/*
 * Number to record: a radix tree whose leaves are slots, one 64-bit word
 * {generation, record number} each, 0 when empty.
 *
 * Publish with an unconditional exchange after the acquiring call; retire by
 * comparing with the word that was read before the releasing call.  A word that
 * has changed meanwhile belongs to somebody who got the number anew.
 */
#ifndef TSHM_SLOTS_H
#define TSHM_SLOTS_H

#include "image.h"

#define TSHM_SLOT_WORD(generation, number) ((uint64_t)(uint32_t)(generation) << 32 | (number))
#define TSHM_SLOT_NUMBER(word) ((uint32_t)(word))

#define TSHM_SLOT_ROOT 2048
#define TSHM_SLOT_FAN  4096
#define TSHM_SLOT_KEYS ((uint64_t)TSHM_SLOT_ROOT * TSHM_SLOT_FAN * TSHM_SLOT_FAN)	/* 2^35 */

typedef _Atomic uint64_t tshm_slot;
struct tshm_slot_node { _Atomic(tshm_slot *) leaf[TSHM_SLOT_FAN]; };
struct tshm_slots { _Atomic(struct tshm_slot_node *) root[TSHM_SLOT_ROOT]; };

/* The slot, or NULL if nothing was ever published near it. */
static inline tshm_slot *tshm_slot_find(struct tshm_slots *s, uint64_t key)
{
	struct tshm_slot_node *node;
	tshm_slot *leaf;

	if (TSHM_UNLIKELY(key >= TSHM_SLOT_KEYS))
		return NULL;
	node = atomic_load_explicit(&s->root[key >> 24], memory_order_acquire);
	if (!node)
		return NULL;
	leaf = atomic_load_explicit(&node->leaf[key >> 12 & 4095], memory_order_acquire);
	return leaf ? &leaf[key & 4095] : NULL;
}

/* The same, making what is missing; NULL without memory or for a key beyond the tree. */
TSHM_INTERNAL tshm_slot *tshm_slot_make(struct tshm_slots *, uint64_t key);

/* Side by side from `key` on, within one leaf and before `end`: how many slots lie there. */
static inline uint64_t tshm_slot_run(uint64_t key, uint64_t end)
{
	uint64_t leaf = TSHM_SLOT_FAN - (key & (TSHM_SLOT_FAN - 1));

	return leaf < end - key ? leaf : end - key;
}

/* The first slot at or after *key and before `end` that exists in memory, or NULL; *key becomes its key. */
TSHM_INTERNAL tshm_slot *tshm_slot_next(struct tshm_slots *, uint64_t *key, uint64_t end);

#endif
