/* SPDX-License-Identifier: MIT */
#include "cfi.h"

#if defined(__x86_64__)
#include <dlfcn.h>
#include <signal.h>
#include <stddef.h>
#include <ucontext.h>

#include "bytes.h"
#include "module.h"
#include "sys.h"
#endif

#if defined(__x86_64__) && defined(DLFO_STRUCT_HAS_EH_DBASE)

extern int _dl_find_object(void *, struct dl_find_object *) __attribute__((weak));
extern void *__libc_stack_end __attribute__((weak));	/* ld.so: where the first thread's stack began */

#define STEPS 96			/* frames walked at most, ours included */
#define MAIN_STACK (128ul << 20)	/* mmap keeps at least this far from the stack's top (arch/x86/mm/mmap.c) */
#define THREAD_STACK (256ul << 10)		/* what is used of a thread's stack, usually; beyond it pages are asked for */
#define BLIND_STEPS 8			/* frames without CFI in a row */

/*
 * Rules by address, for the whole process, without a lock: an entry is two words,
 * key ^ rule and rule, so that a torn or half-written entry matches no key.
 */
#define CACHE 4096
static struct { _Atomic uint64_t check, rule; } cache[CACHE];

union packed { struct tshm_rule rule; uint64_t word; };

static struct tshm_rule rule_of(uintptr_t pc)
{
	/* After a dlclose the same address may be other code. */
	uint64_t key = pc + ((uint64_t)atomic_load_explicit(&tshm_module_generation, memory_order_relaxed) << 48);
	unsigned i = (unsigned)((pc * 0x9e3779b97f4a7c15ull) >> 52) % CACHE;
	uint64_t check = atomic_load_explicit(&cache[i].check, memory_order_relaxed);
	union packed p = { .word = atomic_load_explicit(&cache[i].rule, memory_order_relaxed) };

	if (TSHM_LIKELY((check ^ p.word) == key))
		return p.rule;
	p.rule = tshm_eh_rule(pc);
	atomic_store_explicit(&cache[i].rule, p.word, memory_order_relaxed);
	atomic_store_explicit(&cache[i].check, key ^ p.word, memory_order_relaxed);
	return p.rule;
}

struct walk {
	uintptr_t pc, sp, bp;
	uintptr_t low, high;	/* all of [low, high) can be read */
	unsigned blind;
};

/* rt_sigprocmask reads the set before it looks at `how`: EFAULT tells an address that cannot be read. */
static bool readable(uintptr_t at)
{
	return TSHM_SYS4(SYS_rt_sigprocmask, -1, at, 0, 8) != -14;
}

/*
 * What of the stack can surely be read.  The first thread's reaches to
 * __libc_stack_end.  That of a thread made by glibc reaches to its descriptor, which
 * lies at its top: the pages between are asked for once, and remembered while the
 * thread lives.  On any other stack (sigaltstack, a coroutine's) each page is asked
 * for when the walk comes to it.
 */
static void bounds(struct walk *w)
{
	uintptr_t top = &__libc_stack_end ? (uintptr_t)__libc_stack_end : 0;
	uintptr_t thread = (uintptr_t)__builtin_thread_pointer();
	uintptr_t page = w->sp & ~4095ul, known;

	w->low = w->sp;
	w->high = page + 4096;
	if (top > w->sp && top - w->sp < MAIN_STACK) {
		w->high = top;
		return;
	}
	if (thread <= w->sp || thread - w->sp > THREAD_STACK || tshm_tid() == tshm_pid)
		return;
	known = tshm_self.stack_known ? tshm_self.stack_known : thread & ~4095ul;
	for (uintptr_t at = page + 4096; at < known; at += 4096)
		if (!readable(at))
			return;
	if (page < known)
		tshm_self.stack_known = page;
	w->high = thread;
}

static bool load(struct walk *w, uintptr_t at, uintptr_t *value)
{
	if (at & 7)
		return false;
	if (TSHM_UNLIKELY(at < w->low || at >= w->high)) {
		if (at < 4096 || !readable(at))
			return false;
		if (at >> 12 == w->high >> 12 && !(w->high & 4095))
			w->high += 4096;
	}
	*value = *(const uintptr_t *)at;
	return true;
}

/* A signal handler was entered from here: the interrupted registers are in the ucontext on the stack. */
static bool step_signal(struct walk *w)
{
	uintptr_t registers = w->sp + offsetof(ucontext_t, uc_mcontext.gregs);
	uintptr_t pc, sp, bp;

	if (!load(w, registers + REG_RIP * 8, &pc) || !load(w, registers + REG_RSP * 8, &sp) ||
	    !load(w, registers + REG_RBP * 8, &bp))
		return false;
	w->pc = pc + 1;		/* not a return address: the instruction itself was interrupted */
	w->sp = sp;
	w->bp = bp;
	bounds(w);
	return true;
}

/* Without CFI (generated code): by the frame pointer, if it looks like one. */
static bool step_blind(struct walk *w)
{
	uintptr_t pc, bp;

	if (++w->blind > BLIND_STEPS || w->bp <= w->sp || w->bp - w->sp > (1u << 20) ||
	    !load(w, w->bp + 8, &pc) || !load(w, w->bp, &bp) || pc < 4096)
		return false;
	if (bp <= w->bp && bp)
		return false;
	w->sp = w->bp + 16;
	w->pc = pc;
	w->bp = bp;
	return true;
}

static bool step(struct walk *w)
{
	struct tshm_rule rule = rule_of(w->pc - 1);
	uintptr_t cfa, pc, bp = w->bp;

	switch (rule.cfa) {
	case TSHM_CFA_RSP:
		cfa = w->sp + (uintptr_t)(intptr_t)rule.cfa_at;
		break;
	case TSHM_CFA_RBP:
		cfa = w->bp + (uintptr_t)(intptr_t)rule.cfa_at;
		break;
	case TSHM_CFA_DEREF_RBP:
		if (!load(w, w->bp + (uintptr_t)(intptr_t)rule.cfa_at, &cfa))
			return false;
		break;
	case TSHM_CFA_SIGNAL:
		return step_signal(w);
	case TSHM_CFA_NONE:
		return step_blind(w);
	default:
		return false;
	}
	w->blind = 0;
	/* Stacks grow down: the caller's frame is above, or this is none. */
	if (cfa <= w->sp || !load(w, cfa - 8, &pc) || pc < 4096)
		return false;
	if (rule.rbp == TSHM_SAVED_CFA && !load(w, cfa + (uintptr_t)(intptr_t)rule.rbp_at, &bp))
		return false;
	if (rule.rbp == TSHM_SAVED_RBP && !load(w, w->bp + (uintptr_t)(intptr_t)rule.rbp_at, &bp))
		return false;
	w->pc = pc;
	w->sp = cfa;
	w->bp = bp;
	return true;
}

bool tshm_cfi_works(void)
{
	return _dl_find_object != NULL;
}

/* Its own frame is the first that is left, so it must have one that its CFI describes. */
__attribute__((noinline)) unsigned tshm_cfi_capture(uintptr_t *pcs, unsigned max, uintptr_t caller)
{
	struct walk w = { .blind = 0 };
	unsigned depth = 0;

	__asm__ volatile("lea 1f(%%rip), %0\n1:\tmov %%rsp, %1\n\tmov %%rbp, %2"
			 : "=&r"(w.pc), "=&r"(w.sp), "=r"(w.bp));
	w.pc++;			/* inside this function, whatever instruction is first */
	bounds(&w);
	for (unsigned i = 0; i < STEPS && depth < max && step(&w); i++)
		if (depth || w.pc == caller)
			pcs[depth++] = w.pc;
	return depth;
}

#else

bool tshm_cfi_works(void)
{
	return false;
}

unsigned tshm_cfi_capture(uintptr_t *pcs, unsigned max, uintptr_t caller)
{
	(void)pcs;
	(void)max;
	(void)caller;
	return 0;
}

#endif
