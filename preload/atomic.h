/* SPDX-License-Identifier: MIT */
/*
 * Read-modify-write on the paths that every call takes.
 *
 * While the process has one thread, nothing but a signal handler can come between,
 * and that cannot happen inside of an instruction: the lock prefix, 18 cycles and a
 * dozen of them in a call, is left out then, as libc does in its own locks.
 */
#ifndef TSHM_ATOMIC_H
#define TSHM_ATOMIC_H

#include <stdatomic.h>

#include "image.h"

/* sys/single_threaded.h, glibc 2.32.  Weak: elsewhere every operation is locked. */
extern char __libc_single_threaded __attribute__((weak));

/* A thread or a child in our memory that libc does not know of was made by clone(). */
extern TSHM_INTERNAL bool tshm_cloned;

static inline bool tshm_alone(void)
{
#if defined(__x86_64__)
	return &__libc_single_threaded && __libc_single_threaded && !tshm_cloned;
#else
	return false;
#endif
}

#if defined(__x86_64__)
#define TSHM_UNLOCKED(...) do { if (TSHM_LIKELY(tshm_alone())) { __VA_ARGS__ } } while (0)
#else
#define TSHM_UNLOCKED(...) do { } while (0)
#endif

/*
 * A word that another thread may look at while it changes: one who finds by the stamp
 * that it was too late, or who counts what may be one off.  Costs what a plain one costs.
 */
#define TSHM_PUT(to, value) __atomic_store_n(&(to), (__typeof__(to))(value), __ATOMIC_RELAXED)
#define TSHM_GET(from) __atomic_load_n(&(from), __ATOMIC_RELAXED)

/* Add without asking for the result. */
static inline void tshm_atomic_add(uint64_t *to, uint64_t n)
{
	TSHM_UNLOCKED(__asm__ volatile("addq %1, %0" : "+m"(*to) : "er"(n) : "cc"); return;);
	atomic_fetch_add_explicit((_Atomic uint64_t *)to, n, memory_order_relaxed);
}

/* Count a call that was noted. */
static inline void tshm_count(unsigned call)
{
	tshm_atomic_add(&tshm_header->calls[call], 1);
}

/* Add; gives what was there before. */
static inline uint64_t tshm_atomic_fetch_add(_Atomic uint64_t *at, uint64_t n)
{
	TSHM_UNLOCKED(__asm__ volatile("xaddq %0, %1" : "+r"(n), "+m"(*at) : : "memory", "cc"); return n;);
	return atomic_fetch_add_explicit(at, n, memory_order_acq_rel);
}

/* If *at is *expected make it `wanted`, else give what it is in *expected. */
static inline bool tshm_atomic_swap_if(_Atomic uint64_t *at, uint64_t *expected, uint64_t wanted)
{
	TSHM_UNLOCKED(bool done; __asm__ volatile("cmpxchgq %3, %1" : "=@ccz"(done), "+m"(*at), "+a"(*expected)
						  : "r"(wanted) : "memory"); return done;);
	return atomic_compare_exchange_strong_explicit(at, expected, wanted, memory_order_acq_rel,
						       memory_order_acquire);
}

static inline uint64_t tshm_atomic_swap(_Atomic uint64_t *at, uint64_t wanted)
{
	uint64_t old = atomic_load_explicit(at, memory_order_relaxed);

	/* xchg with memory is locked whether it says so or not. */
	while (!tshm_atomic_swap_if(at, &old, wanted))
		;
	return old;
}

#endif
