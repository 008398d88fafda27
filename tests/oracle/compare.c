/* SPDX-License-Identifier: MIT */
/* Three captures of one stack, and what is not the same in them. */
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <unwind.h>

#include "../../preload/cfi.h"
#include "../../preload/module.h"
#include "oracle.h"

#define OWN 16			/* frames of this library, at most */

/* What cfi.c wants of the library around it. */
__thread struct tshm_thread_state tshm_self __attribute__((tls_model("initial-exec")));
_Atomic uint32_t tshm_module_generation;
int32_t tshm_pid;
uint32_t tshm_epoch = 1;

int32_t tshm_tid_ask(void)
{
	tshm_self.tid = (int32_t)syscall(SYS_gettid);
	tshm_self.epoch = tshm_epoch;
	return tshm_self.tid;
}

struct oracle_counts oracle_counts;
struct oracle_difference oracle_table[ORACLE_TABLE];
_Atomic unsigned oracle_used;

static atomic_flag table_lock = ATOMIC_FLAG_INIT;
static __thread bool inside __attribute__((tls_model("initial-exec")));
static bool started;
static uint64_t limit = 100000;
static int (*walk_libunwind)(void **, int);
static _Unwind_Reason_Code (*walk_libgcc)(_Unwind_Trace_Fn, void *);
static uintptr_t (*get_ip)(struct _Unwind_Context *, int *);

struct stack { uintptr_t pc[ORACLE_DEPTH + OWN]; unsigned depth; };

int oracle_start(void)
{
	void *unwind = dlopen("libunwind.so.8", RTLD_LOCAL | RTLD_NOW);
	void *gcc = dlopen("libgcc_s.so.1", RTLD_LOCAL | RTLD_NOW);
	const char *text = getenv("ORACLE_LIMIT");

	if (text)
		limit = strtoull(text, NULL, 10);
	if (!unwind || !gcc || !tshm_cfi_works())
		return -1;
	walk_libunwind = (int (*)(void **, int))dlsym(unwind, "unw_backtrace");
	walk_libgcc = (_Unwind_Reason_Code (*)(_Unwind_Trace_Fn, void *))dlsym(gcc, "_Unwind_Backtrace");
	get_ip = (uintptr_t (*)(struct _Unwind_Context *, int *))dlsym(gcc, "_Unwind_GetIPInfo");
	if (!walk_libunwind || !walk_libgcc || !get_ip)
		return -1;
	tshm_pid = getpid();
	started = true;
	return 0;
}

void oracle_forget(void)
{
	memset(&oracle_counts, 0, sizeof(oracle_counts));
	oracle_used = 0;
	atomic_flag_clear(&table_lock);
	tshm_pid = getpid();
	tshm_self.tid = 0;
}

/* An interrupted instruction is given as the address after its first byte, as cfi.c does. */
static _Unwind_Reason_Code one_frame(struct _Unwind_Context *context, void *data)
{
	struct stack *s = data;
	int before = 0;
	uintptr_t ip = get_ip(context, &before);

	if (s->depth == ORACLE_DEPTH + OWN)
		return _URC_END_OF_STACK;
	if (ip)
		s->pc[s->depth++] = ip + (before != 0);
	return _URC_NO_REASON;
}

/* Drop what is below the hook's caller, and what is beyond the depth; 0 if it was not met. */
static void align(struct stack *s, uintptr_t caller)
{
	unsigned skip = 0;

	while (skip < s->depth && s->pc[skip] != caller)
		skip++;
	s->depth -= skip;
	memmove(s->pc, s->pc + skip, s->depth * sizeof(s->pc[0]));
	while (s->depth && !s->pc[s->depth - 1])
		s->depth--;
	if (s->depth > ORACLE_DEPTH)
		s->depth = ORACLE_DEPTH;
}

static void place(struct oracle_place *p, uintptr_t pc)
{
	struct dl_find_object object;
	const char *name;

	*p = (struct oracle_place){ .pc = pc };
	if (!pc || _dl_find_object((void *)(pc - 1), &object) != 0)
		return;
	name = object.dlfo_link_map->l_name;
	name = strrchr(name, '/') ? strrchr(name, '/') + 1 : name;
	strncpy(p->module, *name ? name : "main", sizeof(p->module) - 1);
	p->offset = pc - object.dlfo_link_map->l_addr;
}

static uintptr_t at(const struct stack *s, unsigned i)
{
	return i < s->depth ? s->pc[i] : 0;
}

/* libunwind gives an interrupted instruction as it is. */
static bool same(const struct stack *ours, const struct stack *theirs, unsigned i)
{
	if (at(ours, i) == at(theirs, i))
		return true;
	return i && at(theirs, i) && at(ours, i) == at(theirs, i) + 1 &&
	       tshm_eh_rule(at(ours, i - 1) - 1).cfa == TSHM_CFA_SIGNAL;
}

static enum oracle_class differ(const struct stack *ours, const struct stack *theirs, unsigned *frame)
{
	unsigned i = 0;

	*frame = 0;
	if (!theirs->depth)
		return ORACLE_ASTRAY;
	if (!ours->depth)
		return ORACLE_LOST;
	while ((i < ours->depth || i < theirs->depth) && same(ours, theirs, i))
		i++;
	*frame = i;
	if (i >= ours->depth && i >= theirs->depth)
		return ORACLE_EQUAL;
	return i >= ours->depth ? ORACLE_SHORTER : i >= theirs->depth ? ORACLE_LONGER : ORACLE_DIFFERENT;
}

static void note(enum oracle_against against, enum oracle_class class, unsigned frame, const struct stack *ours,
		 const struct stack *theirs, const struct stack *third, uintptr_t caller)
{
	uintptr_t last = frame ? at(ours, frame - 1) : caller;
	struct oracle_difference *d = NULL;

	while (atomic_flag_test_and_set(&table_lock))
		;
	for (unsigned i = 0; i < oracle_used && !d; i++)
		if (oracle_table[i].at.pc == last && oracle_table[i].against == against &&
		    oracle_table[i].class == class)
			d = &oracle_table[i];
	if (d) {
		d->count++;
	} else if (oracle_used == ORACLE_TABLE) {
		oracle_counts.overflow++;
	} else {
		d = &oracle_table[oracle_used];
		*d = (struct oracle_difference){ .against = against, .class = class, .frame = frame, .count = 1 };
		place(&d->at, last);
		for (unsigned i = 0; i < ORACLE_CONTEXT; i++) {
			place(&d->ours[i], at(ours, frame + i));
			place(&d->theirs[i], at(theirs, frame + i));
		}
		d->third = same(ours, third, frame) ? "as ours" :
			   at(third, frame) == at(theirs, frame) || at(third, frame) == at(theirs, frame) + 1 ?
			   "as theirs" : "apart";
		oracle_used++;
	}
	atomic_flag_clear(&table_lock);
}

static __attribute__((noinline)) void look(struct tshm_here here)
{
	uintptr_t caller = here.pc;
	struct tshm_shape shape;
	struct stack ours, others[ORACLE_OTHERS];
	int n = walk_libunwind((void **)others[ORACLE_LIBUNWIND].pc, ORACLE_DEPTH + OWN);

	others[ORACLE_LIBUNWIND].depth = n > 0 ? (unsigned)n : 0;
	others[ORACLE_LIBGCC].depth = 0;
	walk_libgcc(one_frame, &others[ORACLE_LIBGCC]);
	ours.depth = tshm_cfi_capture(here, ours.pc, ORACLE_DEPTH, &shape);
	/* The shape of a stack must fit the stack that it was just taken from. */
	if (shape.span && !tshm_shape_fits(&shape, here, (uintptr_t)shape.span, ours.pc, ours.depth))
		ours.depth = 0;
	oracle_counts.captures++;
	oracle_counts.frames += ours.depth;
	for (unsigned i = 0; i < ORACLE_OTHERS; i++)
		align(&others[i], caller);
	for (unsigned i = 0; i < ORACLE_OTHERS; i++) {
		unsigned frame;
		enum oracle_class class = differ(&ours, &others[i], &frame);

		oracle_counts.by[i][class]++;
		if (class != ORACLE_EQUAL)
			note(i, class, frame, &ours, &others[i], &others[!i], caller);
	}
}

void oracle_look(struct tshm_here here)
{
	int saved_errno = errno;

	/* The others call hooked functions themselves; a handler may interrupt them. */
	if (!started || inside || oracle_counts.captures >= limit)
		return;
	inside = true;
	look(here);
	inside = false;
	errno = saved_errno;
}
