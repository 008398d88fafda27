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
	uintptr_t pc_at;	/* where pc was found */
	uintptr_t from;		/* sp where the walk began */
	uintptr_t bp_at;	/* where bp was saved; 0: it is still the first caller's */
	unsigned blind;
	bool bp_used;		/* the shape has it */
	struct tshm_shape *shape;
};

/*
 * rt_sigprocmask reads the set before it looks at `how`: EINVAL tells an address that can
 * be read, EFAULT one that cannot, and any other error that nothing was asked (a filter).
 * Of none, NULL, it says nothing.
 */
static bool readable(uintptr_t at)
{
	return at >= 4096 && TSHM_SYS4(SYS_rt_sigprocmask, -1, at, 0, 8) == -22 /* EINVAL */;
}

/*
 * What of the stack can surely be read without a question, from sp on.  The first
 * thread's reaches to __libc_stack_end.  That of a thread made by glibc reaches to its
 * descriptor, which lies at its top, once the pages between were asked for (bounds).
 */
uintptr_t tshm_cfi_reach(uintptr_t sp)
{
	uintptr_t top = &__libc_stack_end ? (uintptr_t)__libc_stack_end : 0;

	if (TSHM_LIKELY(top - sp < MAIN_STACK))
		return top - sp;
	if (tshm_self.stack_known && sp >= tshm_self.stack_known &&
	    (uintptr_t)__builtin_thread_pointer() - sp <= THREAD_STACK)
		return (uintptr_t)__builtin_thread_pointer() - sp;
	return (sp | 4095) + 1 - sp;
}

bool tshm_cfi_know_stack(uintptr_t sp)
{
	uintptr_t thread = (uintptr_t)__builtin_thread_pointer(), page = sp & ~4095ul, known;

	if (thread <= sp || thread - sp > THREAD_STACK || tshm_tid() == tshm_pid)
		return false;
	known = tshm_self.stack_known ? tshm_self.stack_known : thread & ~4095ul;
	for (uintptr_t at = page; at < known; at += 4096)
		if (!readable(at))
			return false;
	if (page < known)
		tshm_self.stack_known = page;
	return true;
}

/* On a stack that is no thread's (sigaltstack, a coroutine's) each page is asked for when the walk comes to it. */
static void bounds(struct walk *w)
{
	w->low = w->sp;
	w->high = w->sp + tshm_cfi_reach(w->sp);
	if (w->high == (w->sp & ~4095ul) + 4096 && tshm_cfi_know_stack(w->sp))
		w->high = (uintptr_t)__builtin_thread_pointer();
}

static bool load(struct walk *w, uintptr_t at, uintptr_t *value)
{
	if (at & 7)
		return false;
	if (TSHM_UNLIKELY(at < w->low || at >= w->high)) {
		if (!readable(at))
			return false;
		if (at >> 12 == w->high >> 12 && !(w->high & 4095))
			w->high += 4096;
	}
	*value = *(const uintptr_t *)at;
	return true;
}

/* Offsets of the shape are from the walk's beginning; what does not fit makes it no shape. */
static int32_t offset(struct walk *w, uintptr_t at)
{
	int64_t from = (int64_t)(at - w->from);

	if (from != (int32_t)from)
		w->shape->span = -1;
	return (int32_t)from;
}

static int32_t place(struct walk *w, uintptr_t at)
{
	int32_t from = offset(w, at);

	if (from < 0 || from > INT32_MAX - 8)
		w->shape->span = -1;
	else if (w->shape->span >= 0 && from + 8 > w->shape->span)
		w->shape->span = from + 8;
	return from;
}

static void add_link(struct walk *w, uintptr_t at, uintptr_t value)
{
	struct tshm_shape *s = w->shape;

	if (s->links == TSHM_SHAPE_LINKS) {
		s->span = -1;
		return;
	}
	s->link[s->links].at = place(w, at);
	s->link[s->links++].is = offset(w, value);
}

/* What follows hangs on the frame pointer. */
static uintptr_t use_bp(struct walk *w)
{
	if (!w->bp_used && w->bp_at) {
		add_link(w, w->bp_at, w->bp);
	} else if (!w->bp_used) {
		w->shape->uses_bp = true;
		w->shape->bp_is = offset(w, w->bp);
	}
	w->bp_used = true;
	return w->bp;
}

static bool load_bp(struct walk *w, uintptr_t at, uintptr_t *bp)
{
	if (!load(w, at, bp))
		return false;
	w->bp_at = at;
	w->bp_used = false;
	return true;
}

/* A signal handler was entered from here: the interrupted registers are in the ucontext on the stack. */
static bool step_signal(struct walk *w)
{
	uintptr_t registers = w->sp + offsetof(ucontext_t, uc_mcontext.gregs);
	uintptr_t pc, sp, bp;

	w->shape->span = -1;	/* two stacks, maybe */
	if (!load(w, registers + REG_RIP * 8, &pc) || !load(w, registers + REG_RSP * 8, &sp) ||
	    !load(w, registers + REG_RBP * 8, &bp))
		return false;
	w->pc = pc + 1;		/* not a return address: the instruction itself was interrupted */
	w->sp = sp;
	w->bp = bp;
	bounds(w);
	/* A handler on an alternate stack runs when the usual one is used up or lost, too. */
	if (!readable(sp))
		w->high = w->low;
	return true;
}

/* Without CFI (generated code): by the frame pointer, if it looks like one. */
static bool step_blind(struct walk *w)
{
	uintptr_t frame = use_bp(w), pc, bp;

	if (++w->blind > BLIND_STEPS || frame < w->sp || frame - w->sp > (1u << 20) ||
	    !load(w, frame + 8, &pc) || pc < 4096 || pc >> 47 || !load_bp(w, frame, &bp))
		return false;
	/* What was in the caller's rbp is a frame further up, or anything at all if it is code whose rules are known. */
	if (bp && bp <= frame && rule_of(pc - 1).cfa == TSHM_CFA_NONE)
		return false;
	w->pc_at = frame + 8;
	w->sp = frame + 16;
	w->pc = pc;
	w->bp = bp;
	return true;
}

/* To the caller's frame.  false: there is none, or none to be found. */
static bool step(struct walk *w)
{
	struct tshm_rule rule = rule_of(w->pc - 1);
	uintptr_t cfa, pc, bp = w->bp;

	switch (rule.cfa) {
	case TSHM_CFA_RSP:
		cfa = w->sp + (uintptr_t)(intptr_t)rule.cfa_at;
		break;
	case TSHM_CFA_RBP:
		cfa = use_bp(w) + (uintptr_t)(intptr_t)rule.cfa_at;
		break;
	case TSHM_CFA_DEREF_RBP:
		w->pc_at = use_bp(w) + (uintptr_t)(intptr_t)rule.cfa_at;
		if (!load(w, w->pc_at, &cfa))
			return false;
		add_link(w, w->pc_at, cfa);
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
	w->pc_at = cfa - 8;
	if (cfa <= w->sp || !load(w, w->pc_at, &pc) || pc < 4096)
		return false;
	if (rule.rbp == TSHM_SAVED_CFA && !load_bp(w, cfa + (uintptr_t)(intptr_t)rule.rbp_at, &bp))
		return false;
	if (rule.rbp == TSHM_SAVED_RBP && !load_bp(w, use_bp(w) + (uintptr_t)(intptr_t)rule.rbp_at, &bp))
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

unsigned tshm_cfi_capture(struct tshm_here here, uintptr_t *pcs, unsigned max, struct tshm_shape *shape)
{
	struct walk w = { .pc = here.pc, .sp = here.sp, .bp = here.bp, .from = here.sp, .shape = shape };
	unsigned depth = 0;

	shape->span = 8;
	shape->links = 0;
	shape->uses_bp = false;
	if (!max || here.pc < 4096)
		return 0;
	bounds(&w);
	pcs[depth++] = here.pc;
	while (depth < max && step(&w)) {
		shape->pc_at[depth] = place(&w, w.pc_at);
		pcs[depth++] = w.pc;
	}
	/* Where a walk ended for what it found, not for the code's rule, another may go on. */
	if (shape->span < 0 || (depth < max && rule_of(w.pc - 1).cfa < TSHM_CFA_END))
		shape->span = 0;
	return depth;
}

#else

bool tshm_cfi_works(void)
{
	return false;
}

uintptr_t tshm_cfi_reach(uintptr_t sp)
{
	(void)sp;
	return 0;
}

unsigned tshm_cfi_capture(struct tshm_here here, uintptr_t *pcs, unsigned max, struct tshm_shape *shape)
{
	(void)here;
	(void)pcs;
	(void)max;
	(void)shape;
	return 0;
}

#endif
