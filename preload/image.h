/* SPDX-License-Identifier: MIT */
/* The process image that we are in: whether to note anything, who we are, how it begins and ends. */
#ifndef TSHM_IMAGE_H
#define TSHM_IMAGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "../ledger/ledger.h"

#define TSHM_INTERNAL __attribute__((visibility("hidden")))
/*
 * For what is written in every forked child: side by side, not among the tables, so
 * that the kernel has a page or two to copy and not a dozen.
 */
#define TSHM_TOGETHER __attribute__((section(".data")))
#define TSHM_LIKELY(x)   __builtin_expect(!!(x), 1)
#define TSHM_UNLIKELY(x) __builtin_expect(!!(x), 0)

/*
 * A word in a page that the kernel clears in every child (MADV_WIPEONFORK): fork,
 * _Fork, raw fork and clone alike, but not vfork and CLONE_VM, whose children run in
 * our memory.  While it holds TSHM_MAGIC the state here is this process's own.
 */
#define TSHM_MAGIC 0x7473686d6c697665ull
#define TSHM_MAGIC_ASK (TSHM_MAGIC + 1)	/* a CLONE_VM child may run in our memory: ask which process we are */
extern TSHM_INTERNAL _Atomic uint64_t *tshm_alive;

/* Per thread; initial-exec, so that reading it never allocates. */
struct tshm_thread_state {
	uint32_t quiet;		/* > 0: note nothing (a vfork child runs in our memory) */
	uint32_t epoch;		/* of the image for which tid is right */
	int32_t tid;
	uintptr_t unwinding;	/* address of the frame that is inside libunwind, or 0 */
	uintptr_t in_cuda, in_cudart;	/* how deep the stack was when a real function of CUDA was called, or 0 (cuda.h) */
	uintptr_t stack_known;	/* the stack can be read from here to the thread's descriptor (cfi.c); 0: not asked */
	char program[256];	/* what a vfork child of this thread executed */
};
extern TSHM_INTERNAL __thread struct tshm_thread_state tshm_self
	__attribute__((tls_model("initial-exec")));

extern TSHM_INTERNAL struct tshm_header *tshm_header;	/* in the ledger; never NULL once on (see image.c) */
extern TSHM_INTERNAL bool tshm_python_other;	/* there is a Python of which no frames are known (python.c) */
extern TSHM_INTERNAL uint32_t tshm_epoch;	/* counts images along a line of forks; starts at 1 */
extern TSHM_INTERNAL int32_t tshm_pid;

TSHM_INTERNAL bool tshm_on_stale(void);
TSHM_INTERNAL bool tshm_on_hushed(uintptr_t caller);
/* clone() is about to make what is no thread but has our memory: from now on a call costs a getpid(). */
TSHM_INTERNAL void tshm_image_shared(void);

/*
 * Shall this call be noted?  Asked first in every hook, which it is inlined into, so
 * that the return address is the hook's caller; a few nanoseconds.
 */
static inline __attribute__((always_inline)) bool tshm_on(void)
{
	if (TSHM_UNLIKELY(atomic_load_explicit(tshm_alive, memory_order_relaxed) != TSHM_MAGIC) &&
	    !tshm_on_stale())
		return false;
	if (TSHM_UNLIKELY(tshm_self.quiet || tshm_self.unwinding))
		return tshm_on_hushed((uintptr_t)__builtin_return_address(0));
	return true;
}

TSHM_INTERNAL int32_t tshm_tid_ask(void);
static inline int32_t tshm_tid(void)	/* of this thread */
{
	return TSHM_LIKELY(tshm_self.epoch == tshm_epoch) ? tshm_self.tid : tshm_tid_ask();
}
/* The first size - 1 bytes at most, and a 0 behind them; how many, 0: it cannot be read. */
TSHM_INTERNAL size_t tshm_read_file(const char *path, char *to, size_t size);
TSHM_INTERNAL uint64_t tshm_now_coarse(void);	/* CLOCK_MONOTONIC_COARSE, ns */
TSHM_INTERNAL uint64_t tshm_now_precise(void);	/* CLOCK_MONOTONIC: for what orders processes */
TSHM_INTERNAL uint64_t tshm_wall_coarse(void);	/* CLOCK_REALTIME_COARSE: the clock of inode times */

struct tshm_options {
	bool enabled;
	bool verbose;
	bool python;		/* Python frames, too */
	unsigned depth;
	enum tshm_unwinder unwinder;
	char dir[512];		/* where ledgers go; "" until chosen */
	char boot_id[40];
	uint64_t pidns;
};
extern TSHM_INTERNAL struct tshm_options tshm_options;
TSHM_INTERNAL void tshm_options_read(char **environment);
TSHM_INTERNAL bool tshm_options_choose_dir(bool *on_disk);

TSHM_INTERNAL void tshm_image_start(int argc, char **argv);	/* from the constructor */
TSHM_INTERNAL void tshm_image_forked(void);			/* in a forked child */
TSHM_INTERNAL void tshm_image_end(enum tshm_ended how, int status, const char *detail);
TSHM_INTERNAL void tshm_image_end_withdraw(void);		/* exec failed */

#endif
