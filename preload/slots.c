/* SPDX-License-Identifier: MIT */
#include <stddef.h>

#include "slots.h"
#include "store.h"
#include "sys.h"

static void *tshm_node_make(_Atomic(void *) *at, uint64_t bytes)
{
	void *mine = tshm_pages(bytes), *old = NULL;

	if (!mine)
		return NULL;
	if (atomic_compare_exchange_strong(at, &old, mine))
		return mine;
	TSHM_SYS2(SYS_munmap, mine, bytes);
	return old;
}

tshm_slot *tshm_slot_make(struct tshm_slots *s, uint64_t key)
{
	struct tshm_slot_node *node;
	tshm_slot *leaf;

	if (key >= TSHM_SLOT_KEYS)
		return NULL;
	node = atomic_load(&s->root[key >> 24]);
	if (!node)
		node = tshm_node_make((_Atomic(void *) *)&s->root[key >> 24], sizeof(*node));
	if (!node)
		return NULL;
	leaf = atomic_load(&node->leaf[key >> 12 & 4095]);
	if (!leaf)
		leaf = tshm_node_make((_Atomic(void *) *)&node->leaf[key >> 12 & 4095],
				      TSHM_SLOT_FAN * sizeof(*leaf));
	return leaf ? &leaf[key & 4095] : NULL;
}

tshm_slot *tshm_slot_next(struct tshm_slots *s, uint64_t *key, uint64_t end)
{
	uint64_t k = *key;

	if (end > TSHM_SLOT_KEYS)
		end = TSHM_SLOT_KEYS;
	while (k < end) {
		struct tshm_slot_node *node = atomic_load_explicit(&s->root[k >> 24], memory_order_acquire);

		if (!node) {
			k = ((k >> 24) + 1) << 24;
			continue;
		}
		tshm_slot *leaf = atomic_load_explicit(&node->leaf[k >> 12 & 4095], memory_order_acquire);

		if (leaf) {
			*key = k;
			return &leaf[k & 4095];
		}
		k = ((k >> 12) + 1) << 12;
	}
	return NULL;
}
