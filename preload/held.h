/* SPDX-License-Identifier: MIT */
/*
 * Resources: what this process holds now.
 *
 * A record belongs to one thread until it is published in its slot, is immutable
 * but for its flags and identity while it is there, and belongs to whoever takes
 * it out of the slot.
 */
#ifndef TSHM_HELD_H
#define TSHM_HELD_H

#include <sys/stat.h>

#include "slots.h"
#include "store.h"

static inline struct tshm_resource *tshm_held(uint32_t number)
{
	struct tshm_resource *r = tshm_store_own_in(&tshm_stores[TSHM_SEC_RESOURCES], TSHM_RESOURCE_FORM, number);

	if (!r)		/* a number that was given out has its chunk */
		__builtin_unreachable();
	return r;
}

/* The record that a slot's word leads to, if it is still that one; else NULL. */
static inline struct tshm_resource *tshm_held_of(uint64_t word)
{
	struct tshm_resource *r = word ? tshm_held(TSHM_SLOT_NUMBER(word)) : NULL;
	uint64_t stamp;

	if (!r)
		return NULL;
	stamp = atomic_load_explicit((_Atomic uint64_t *)&r->stamp, memory_order_acquire);
	return stamp == TSHM_STAMP((uint32_t)(word >> 32), TSHM_STATE_LIVE) ? r : NULL;
}

/* A new record of one's own, with thread and time filled in and nothing else.  NULL: no room (counted). */
TSHM_INTERNAL struct tshm_resource *tshm_held_new(uint32_t *number, enum tshm_call call, enum tshm_kind kind,
						  enum tshm_origin origin, uint32_t site);
/* Make it live and count it at its site; returns the word for its slot. */
TSHM_INTERNAL uint64_t tshm_held_commit(uint32_t number, bool acquired);
/* The caller took `word` out of its slot: free the record and count the release.  now: tshm_now_coarse(). */
TSHM_INTERNAL void tshm_held_retire(uint64_t word, uint64_t now);
/* As tshm_held_retire, but the resource goes on in other records (a split mapping). */
TSHM_INTERNAL void tshm_held_replaced(uint64_t word);
/* Write changed flags, identity or extra of a live record to the file. */
TSHM_INTERNAL void tshm_held_refresh(uint32_t number);

TSHM_INTERNAL void tshm_held_identity(struct tshm_resource *, const struct stat *);
TSHM_INTERNAL enum tshm_kind tshm_kind_of(int fd, const struct stat *);

/* Is it a parent's, which fork gave us too? */
TSHM_INTERNAL bool tshm_held_inherited(const struct tshm_resource *);
/* In a forked child, whose ledger has every record: count the live ones at their sites. */
TSHM_INTERNAL void tshm_held_forked(void);
/* At the end of the image: compare with the kernel, drop what it denies. */
TSHM_INTERNAL void tshm_held_check(void);

/* Descriptors (fds.c). */
extern TSHM_INTERNAL struct tshm_slots tshm_fds;
TSHM_INTERNAL void tshm_fd_publish(int fd, uint32_t number);
static inline uint64_t tshm_fd_word(int fd)	/* what is known of fd now: read before a releasing call */
{
	tshm_slot *slot = fd >= 0 ? tshm_slot_find(&tshm_fds, (uint64_t)fd) : NULL;

	return slot ? atomic_load_explicit(slot, memory_order_acquire) : 0;
}
/* fd is closed: retire `word` if it is still what the slot says. */
TSHM_INTERNAL void tshm_fd_release(int fd, uint64_t word, uint64_t now);

/* Mappings (range.c). */
TSHM_INTERNAL uint64_t tshm_range_sequence(void);	/* read before a call that unmaps */
/* Is any mapping tracked?  If not before a call that unmaps, that call concerns none. */
TSHM_INTERNAL bool tshm_range_any(void);
TSHM_INTERNAL void tshm_range_publish(uint32_t number);
TSHM_INTERNAL bool tshm_range_is_gone(uint64_t at);	/* the kernel has nothing mapped on the page that begins there */
/* [from, from + bytes) was unmapped: drop or split records older than `before`. */
TSHM_INTERNAL void tshm_range_drop(uintptr_t from, uint64_t bytes, uint64_t before);
TSHM_INTERNAL void tshm_ranges_forked(void);
/* The attachment at `at`, all that is left of it: holes may have been unmapped, its first page too (shmdt(2)). */
TSHM_INTERNAL void tshm_range_detach(uintptr_t at, uint64_t before);
/* A copy of one of the records older than `before` that are of [from, from + bytes); false: there is none. */
TSHM_INTERNAL bool tshm_range_in(uintptr_t from, uint64_t bytes, uint64_t before, struct tshm_resource *copy);
static inline bool tshm_range_at(uintptr_t at, struct tshm_resource *copy)
{
	return tshm_range_in(at, 1, UINT64_MAX, copy);
}

/* Objects known by a pointer: semaphores (pointer.c). */
TSHM_INTERNAL void tshm_pointer_publish(uintptr_t key, uint32_t number);
TSHM_INTERNAL uint64_t tshm_pointer_word(uintptr_t key);
TSHM_INTERNAL void tshm_pointer_release(uintptr_t key, uint64_t word);

#endif
