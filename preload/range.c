/* SPDX-License-Identifier: MIT */
/*
 * Mappings in the order of their addresses.
 *
 * Class k holds mappings of 16^k < pages <= 16^(k+1) (class 0 also those of one
 * page), each in the slot of the 16^k-page granule in which it begins.  Two mappings
 * of a class cannot begin in the same granule, because they are longer than one;
 * so a slot holds at most one, and whatever overlaps [x, y) in class k begins
 * between x - 16^(k+1) pages and y: about 17 slots, side by side in memory, for
 * a short range.
 */
#include <stddef.h>

#include "atomic.h"
#include "held.h"
#include "history.h"

#define TSHM_CLASSES 8
#define TSHM_PAGE_BITS 12

static struct tshm_slots tshm_ranges[TSHM_CLASSES];
static _Atomic int64_t tshm_ranges_live[TSHM_CLASSES];
static _Atomic uint64_t tshm_ranges_all;	/* live in all classes */
static _Atomic uint64_t tshm_sequence = 1;

static unsigned tshm_range_class(uint64_t bytes)
{
	uint64_t pages = (bytes + (1u << TSHM_PAGE_BITS) - 1) >> TSHM_PAGE_BITS;
	unsigned class = 0;

	while (class < TSHM_CLASSES - 1 && pages > 16ull << (4 * class))
		class++;
	return class;
}

static unsigned tshm_range_shift(unsigned class)
{
	return TSHM_PAGE_BITS + 4 * class;
}

uint64_t tshm_range_sequence(void)
{
	return tshm_atomic_fetch_add(&tshm_sequence, 1);
}

bool tshm_range_any(void)
{
	return atomic_load_explicit(&tshm_ranges_all, memory_order_relaxed) != 0;
}

static void tshm_range_forget(unsigned class, uint64_t word, bool replaced)
{
	atomic_fetch_sub_explicit(&tshm_ranges_live[class], 1, memory_order_relaxed);
	tshm_atomic_fetch_add(&tshm_ranges_all, (uint64_t)-1);
	if (replaced)
		tshm_held_replaced(word);
	else
		tshm_held_retire(word, tshm_now_coarse());
}

static void tshm_range_insert(uint32_t number, bool acquired)
{
	struct tshm_resource *r = tshm_held(number);
	unsigned class = tshm_range_class(r->length);
	tshm_slot *slot = tshm_slot_make(&tshm_ranges[class], r->key >> tshm_range_shift(class));
	uint64_t old;

	if (!slot) {
		tshm_resource_drop(number);
		tshm_store_lost(&tshm_stores[TSHM_SEC_RESOURCES]);
		return;
	}
	tshm_atomic_fetch_add(&tshm_ranges_all, 1);
	atomic_fetch_add_explicit(&tshm_ranges_live[class], 1, memory_order_relaxed);
	old = atomic_exchange_explicit(slot, tshm_held_commit(number, acquired), memory_order_acq_rel);
	if (old)
		tshm_range_forget(class, old, false);
}

void tshm_range_publish(uint32_t number)
{
	TSHM_PUT(tshm_held(number)->sequence, tshm_range_sequence());
	tshm_range_insert(number, true);
}

/* What is left of `whole` from `from` on for `bytes`, as a record of its own. */
static void tshm_range_piece(const struct tshm_resource *whole, uint64_t from, uint64_t bytes)
{
	uint32_t number = tshm_resource_take();
	struct tshm_resource *r;

	if (!number)
		return;
	r = tshm_held(number);
	for (unsigned i = 1; i < sizeof(*r) / 8; i++) {
		uint64_t word;

		__builtin_memcpy(&word, (const char *)whole + 8 * i, 8);
		TSHM_PUT(((uint64_t *)r)[i], word);
	}
	TSHM_PUT(r->key, from);
	TSHM_PUT(r->length, bytes);
	TSHM_PUT(r->offset, whole->offset + (from - whole->key));
	if (r->name)
		tshm_history_ref(r->name);
	tshm_range_insert(number, false);
}

/* It may be somebody else's already: its stamp is to be looked at afterwards. */
static void tshm_range_copy(struct tshm_resource *to, const struct tshm_resource *from)
{
	for (unsigned i = 0; i < sizeof(*to) / 8; i++) {
		uint64_t word = TSHM_GET(((const uint64_t *)from)[i]);

		__builtin_memcpy((char *)to + 8 * i, &word, 8);
	}
	atomic_thread_fence(memory_order_acquire);
}

static void tshm_range_cut(unsigned class, tshm_slot *slot, uint64_t from, uint64_t to, uint64_t before)
{
	uint64_t word = atomic_load_explicit(slot, memory_order_acquire);
	struct tshm_resource *r = tshm_held_of(word), copy;
	uint64_t expected = word, end;

	if (!r)
		return;
	tshm_range_copy(&copy, r);
	if (!tshm_held_of(word) || copy.sequence >= before)
		return;
	end = copy.key + copy.length;
	if (copy.key >= to || end <= from)
		return;
	if (!atomic_compare_exchange_strong(slot, &expected, 0))
		return;
	/* The old record is ours now; its name must not go while the pieces refer to it. */
	if (copy.key < from)
		tshm_range_piece(&copy, copy.key, from - copy.key);
	if (end > to)
		tshm_range_piece(&copy, to, end - to);
	tshm_range_forget(class, word, copy.key < from || end > to);
}

void tshm_range_drop(uintptr_t start, uint64_t bytes, uint64_t before)
{
	uint64_t from = start;
	uint64_t to = (start + bytes + 4095) & ~4095ull;

	if (!bytes)
		return;
	for (unsigned class = 0; class < TSHM_CLASSES; class++) {
		unsigned shift = tshm_range_shift(class);
		uint64_t longest = class == TSHM_CLASSES - 1 ? from : 1ull << (shift + 4);
		uint64_t key = (from > longest ? from - longest : 0) >> shift;
		uint64_t end = ((to - 1) >> shift) + 1;
		tshm_slot *slot;

		if (!atomic_load_explicit(&tshm_ranges_live[class], memory_order_relaxed))
			continue;
		while ((slot = tshm_slot_next(&tshm_ranges[class], &key, end)))
			for (uint64_t n = tshm_slot_run(key, end); n; n--, key++, slot++)
				if (atomic_load_explicit(slot, memory_order_relaxed))
					tshm_range_cut(class, slot, from, to, before);
	}
}

bool tshm_range_at(uintptr_t at, struct tshm_resource *copy)
{
	for (unsigned class = 0; class < TSHM_CLASSES; class++) {
		unsigned shift = tshm_range_shift(class);
		uint64_t longest = class == TSHM_CLASSES - 1 ? at : 1ull << (shift + 4);
		uint64_t key = (at > longest ? at - longest : 0) >> shift;
		uint64_t end = (at >> shift) + 1;
		tshm_slot *slot;

		if (!atomic_load_explicit(&tshm_ranges_live[class], memory_order_relaxed))
			continue;
		for (; (slot = tshm_slot_next(&tshm_ranges[class], &key, end)); key++) {
			uint64_t word = atomic_load_explicit(slot, memory_order_acquire);
			struct tshm_resource *r = tshm_held_of(word);

			if (!r)
				continue;
			tshm_range_copy(copy, r);
			if (tshm_held_of(word) && copy->key <= at && at < copy->key + copy->length)
				return true;
		}
	}
	return false;
}
