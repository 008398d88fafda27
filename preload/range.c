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
#include <errno.h>
#include <stddef.h>

#include "atomic.h"
#include "held.h"
#include "history.h"
#include "sys.h"

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
	uint64_t old, word, sequence = r->sequence;

	if (!slot) {
		tshm_resource_drop(number);
		tshm_store_lost(&tshm_stores[TSHM_SEC_RESOURCES]);
		return;
	}
	tshm_atomic_fetch_add(&tshm_ranges_all, 1);
	atomic_fetch_add_explicit(&tshm_ranges_live[class], 1, memory_order_relaxed);
	word = tshm_held_commit(number, acquired);
	old = atomic_load_explicit(slot, memory_order_acquire);
	/* A piece of something old gives way to what has been mapped there since. */
	do {
		struct tshm_resource *there = acquired ? NULL : tshm_held_of(old);

		if (there && TSHM_GET(there->sequence) > sequence) {
			tshm_range_forget(class, word, true);
			return;
		}
	} while (!atomic_compare_exchange_weak_explicit(slot, &old, word, memory_order_acq_rel, memory_order_acquire));
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

/*
 * A thread that cuts a record holds it in its hands for a moment, and then puts its parts
 * back.  It may have been another's, who has just unmapped all of it and looks for it now:
 * he finds nothing, and the parts would stay for ever.  So who drops while others cut tells
 * what he drops, and who has put parts back looks at what was told meanwhile.
 */
#define TSHM_DROPS 256
static _Atomic uint64_t tshm_cuts_begun, tshm_cuts_done, tshm_drops_told;
static struct { _Atomic uint64_t turn; uint64_t from, to, before; } tshm_drops[TSHM_DROPS];

static void tshm_drop_log(uint64_t from, uint64_t to, uint64_t before)
{
	uint64_t turn = atomic_fetch_add(&tshm_drops_told, 1);
	unsigned at = turn % TSHM_DROPS;

	atomic_store(&tshm_drops[at].turn, 0);
	TSHM_PUT(tshm_drops[at].from, from);
	TSHM_PUT(tshm_drops[at].to, to);
	TSHM_PUT(tshm_drops[at].before, before);
	atomic_store(&tshm_drops[at].turn, turn + 1);
}

static uint64_t tshm_cut_begin(void)
{
	uint64_t since = atomic_load(&tshm_drops_told);

	atomic_fetch_add(&tshm_cuts_begun, 1);
	return since;
}

static void tshm_cut_end(uint64_t since, const struct tshm_resource *whole)
{
	uint64_t told;

	atomic_fetch_add(&tshm_cuts_done, 1);	/* who has not told before this finds the parts */
	told = atomic_load(&tshm_drops_told);
	if (TSHM_LIKELY(told == since))
		return;
	if (told - since > TSHM_DROPS)
		since = told - TSHM_DROPS;
	for (; since < told; since++) {
		unsigned at = since % TSHM_DROPS;
		uint64_t from = TSHM_GET(tshm_drops[at].from), to = TSHM_GET(tshm_drops[at].to);
		uint64_t before = TSHM_GET(tshm_drops[at].before);

		if (atomic_load(&tshm_drops[at].turn) == since + 1 && whole->sequence < before &&
		    from < whole->key + whole->length && whole->key < to)
			tshm_range_drop(from, to - from, before);
	}
}

/* In a forked child nobody cuts, whatever other threads of the parent did. */
void tshm_ranges_forked(void)
{
	uint64_t begun = atomic_load(&tshm_cuts_begun);

	if (atomic_load(&tshm_cuts_done) != begun)	/* or a page would be copied for nothing */
		atomic_store(&tshm_cuts_done, begun);
}

static void tshm_range_cut(unsigned class, tshm_slot *slot, uint64_t from, uint64_t to, uint64_t before)
{
	uint64_t word = atomic_load_explicit(slot, memory_order_acquire);
	struct tshm_resource *r = tshm_held_of(word), copy;
	uint64_t expected = word, end, since;
	bool parts;

	/* Neighbours, as most are; one that changes just now is newer than the call, or a piece, which is told of. */
	if (!r || TSHM_GET(r->key) >= to || TSHM_GET(r->key) + TSHM_GET(r->length) <= from)
		return;
	tshm_range_copy(&copy, r);
	if (!tshm_held_of(word) || copy.sequence >= before)
		return;
	end = copy.key + copy.length;
	if (copy.key >= to || end <= from)
		return;
	parts = copy.key < from || end > to;
	since = parts ? tshm_cut_begin() : 0;
	if (!atomic_compare_exchange_strong(slot, &expected, 0)) {
		if (parts)
			atomic_fetch_add(&tshm_cuts_done, 1);
		return;
	}
	/* The old record is ours now; its name must not go while the pieces refer to it. */
	if (copy.key < from)
		tshm_range_piece(&copy, copy.key, from - copy.key);
	if (end > to)
		tshm_range_piece(&copy, to, end - to);
	tshm_range_forget(class, word, parts);
	if (parts)
		tshm_cut_end(since, &copy);
}

static void tshm_range_scan(uint64_t from, uint64_t to, uint64_t before)
{
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

bool tshm_range_is_gone(uint64_t at)
{
	unsigned char in_core;

	return TSHM_SYS3(SYS_mincore, at, 1, &in_core) == -ENOMEM;
}

/*
 * Is it one mapping, all of it, as most are?  Then nothing else lies there: what did was dropped when
 * that came.  false: look at everything.
 */
static bool tshm_range_drop_one(uint64_t from, uint64_t bytes, uint64_t before)
{
	unsigned class = tshm_range_class(bytes);
	tshm_slot *slot = tshm_slot_find(&tshm_ranges[class], from >> tshm_range_shift(class));
	uint64_t word = slot ? atomic_load_explicit(slot, memory_order_acquire) : 0;
	struct tshm_resource *r = tshm_held_of(word);

	if (!r || TSHM_GET(r->key) != from || TSHM_GET(r->length) != bytes || TSHM_GET(r->sequence) >= before)
		return false;
	atomic_thread_fence(memory_order_acquire);
	if (!tshm_held_of(word) || !tshm_atomic_swap_if(slot, &word, 0))
		return false;
	tshm_range_forget(class, word, false);
	return true;
}

void tshm_range_drop(uintptr_t start, uint64_t bytes, uint64_t before)
{
	uint64_t from = start;
	uint64_t to = (start + bytes + 4095) & ~4095ull;

	if (!bytes || tshm_range_drop_one(from, to - from, before))
		return;
	for (unsigned again = 0; again < 4; again++) {
		uint64_t done = atomic_load(&tshm_cuts_done), begun = atomic_load(&tshm_cuts_begun);

		tshm_range_scan(from, to, before);
		if (TSHM_LIKELY(done == begun && atomic_load(&tshm_cuts_begun) == begun))
			return;
		tshm_drop_log(from, to, before);
	}
}

bool tshm_range_in(uintptr_t from, uint64_t bytes, uint64_t before, struct tshm_resource *copy)
{
	for (unsigned class = 0; bytes && class < TSHM_CLASSES; class++) {
		unsigned shift = tshm_range_shift(class);
		uint64_t longest = class == TSHM_CLASSES - 1 ? from : 1ull << (shift + 4);
		uint64_t key = (from > longest ? from - longest : 0) >> shift;
		uint64_t end = ((from + bytes - 1) >> shift) + 1;
		tshm_slot *slot;

		if (!atomic_load_explicit(&tshm_ranges_live[class], memory_order_relaxed))
			continue;
		for (; (slot = tshm_slot_next(&tshm_ranges[class], &key, end)); key++) {
			uint64_t word = atomic_load_explicit(slot, memory_order_acquire);
			struct tshm_resource *r = tshm_held_of(word);

			if (!r)
				continue;
			tshm_range_copy(copy, r);
			if (tshm_held_of(word) && copy->key < from + bytes && from < copy->key + copy->length &&
			    copy->sequence < before)
				return true;
		}
	}
	return false;
}

static bool tshm_range_is_of(const struct tshm_resource *r, uint64_t at)
{
	return TSHM_GET(r->kind) == TSHM_KIND_ATTACHMENT && TSHM_GET(r->key) - TSHM_GET(r->offset) == at;
}

void tshm_range_detach(uintptr_t at, uint64_t before)
{
	struct tshm_resource first;
	uint64_t to = 1ull << 47;	/* where its first page is gone nothing tells how far it reaches */

	if (tshm_range_in(at, 1, before, &first) && tshm_range_is_of(&first, at))
		to = at + (first.size > first.length ? first.size : first.length);
	for (unsigned class = 0; class < TSHM_CLASSES; class++) {
		uint64_t key = at >> tshm_range_shift(class), end = ((to - 1) >> tshm_range_shift(class)) + 1;

		if (!atomic_load_explicit(&tshm_ranges_live[class], memory_order_relaxed))
			continue;
		for (tshm_slot *slot; (slot = tshm_slot_next(&tshm_ranges[class], &key, end)); key++) {
			struct tshm_resource *r = tshm_held_of(atomic_load_explicit(slot, memory_order_acquire));
			uint64_t from = r ? TSHM_GET(r->key) : 0;

			if (r && tshm_range_is_of(r, at))
				tshm_range_cut(class, slot, from, from + TSHM_GET(r->length), before);
		}
	}
}
