/* SPDX-License-Identifier: MIT */
/* Processes: fork and vfork, how children end, how this image ends. */
#include <errno.h>
#include <stdarg.h>

#include "cuda.h"
#include "hook.h"
#include "python.h"
#include "module.h"

/* In the child the atfork handler has begun its ledger before fork returns (init.c). */
#define TSHM_FORK(name) \
	TSHM_HOOK(pid_t, name, (void)) \
	{ \
		struct tshm_here here = TSHM_HERE(name); \
		pid_t pid = TSHM_REAL(name)(); \
\
		if (pid > 0) \
			tshm_note_child(here, pid, TSHM_CHILD_FORK, NULL); \
		else if (pid == 0) \
			(void)tshm_on();	/* _Fork runs no handlers: begin the ledger now */ \
		return pid; \
	}
TSHM_FORK(fork)
TSHM_FORK(__fork)
TSHM_FORK(_Fork)

/*
 * vfork returns twice on one stack, so no C function may stand between: the return
 * address is kept in a register, as libc's own does.  The child runs in our memory
 * and must note nothing; it has our thread pointer too, so a thread-local count
 * hushes it, which the parent takes back when it goes on.  With shadow stacks the
 * child must leave without a return (its pop would be missing in the parent); rdsspq
 * gives 0 where there are none.
 */
TSHM_INTERNAL __attribute__((used)) int tshm_vfork_done(long result);
int tshm_vfork_done(long result)
{
	struct tshm_here here;

	if (result < 0) {
		errno = (int)-result;
		return -1;
	}
	tshm_self.quiet--;
	here = TSHM_HERE(vfork);	/* in place of vfork: jumped to, with its caller's stack */
	tshm_note_child(here, (int)result, TSHM_CHILD_VFORK, tshm_self.program);
	tshm_self.program[0] = 0;
	return (int)result;
}

#if defined(__x86_64__)
__asm__(
	".text\n"
	".globl vfork\n.type vfork, @function\n"
	".globl __vfork\n.type __vfork, @function\n"
	".p2align 4\n"
	"vfork:\n__vfork:\n"
	"	.cfi_startproc\n"
	"	endbr64\n"
	"	pop	%rdi\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	.cfi_register %rip, %rdi\n"
	"	mov	$58, %eax\n"		/* SYS_vfork */
	"	syscall\n"
	"	push	%rdi\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	.cfi_offset %rip, -8\n"
	"	test	%rax, %rax\n"
	"	jz	1f\n"
	"	mov	%rax, %rdi\n"
	"	jmp	tshm_vfork_done\n"
	"1:	mov	tshm_self@gottpoff(%rip), %rdx\n"
	"	incl	%fs:(%rdx)\n"		/* quiet is the first field */
	"	xor	%ecx, %ecx\n"
	"	rdsspq	%rcx\n"
	"	test	%rcx, %rcx\n"
	"	jnz	2f\n"
	"	ret\n"
	"2:	pop	%rdx\n"
	"	notrack jmp *%rdx\n"
	"	.cfi_endproc\n"
	".size vfork, . - vfork\n"
	".size __vfork, . - __vfork\n");
_Static_assert(offsetof(struct tshm_thread_state, quiet) == 0, "the assembly relies on it");
#else
/* Elsewhere a vfork child gets memory of its own, as under other interposers. */
TSHM_HOOK(pid_t, vfork, (void)) { return fork(); }
TSHM_HOOK(pid_t, __vfork, (void)) { return fork(); }
#endif

#define TSHM_CLONE(name) \
	TSHM_HOOK(int, name, (int (*run)(void *), void *stack, int flags, void *argument, ...)) \
	{ \
		struct tshm_here here = TSHM_HERE(name); \
		void *more[3]; \
		va_list list; \
\
		va_start(list, argument); \
		for (int i = 0; i < 3; i++) \
			more[i] = va_arg(list, void *); \
		va_end(list); \
		tshm_cloning(here, (unsigned)flags); \
		return (int)tshm_note_cloned(here, (unsigned)flags, TSHM_REAL(name)(run, stack, flags, argument, \
										    more[0], more[1], more[2])); \
	}
TSHM_CLONE(clone)
TSHM_CLONE(__clone)

/* ---- how children end ---- */

#define TSHM_WAIT(name, parameters, arguments) \
	TSHM_HOOK(pid_t, name, parameters) \
	{ \
		struct tshm_here here = TSHM_HERE(name); \
		int mine = 0; \
		pid_t pid; \
\
		if (!status)	/* else it is the kernel that writes there, or finds that it cannot */ \
			status = &mine; \
		pid = TSHM_REAL(name) arguments; \
		return tshm_note_waited(here, pid, pid > 0 ? *status : 0); \
	}
TSHM_WAIT(wait, (int *status), (status))
TSHM_WAIT(__wait, (int *status), (status))
TSHM_WAIT(waitpid, (pid_t which, int *status, int options), (which, status, options))
TSHM_WAIT(__waitpid, (pid_t which, int *status, int options), (which, status, options))
TSHM_WAIT(wait3, (int *status, int options, struct rusage *usage), (status, options, usage))
TSHM_WAIT(wait4, (pid_t which, int *status, int options, struct rusage *usage), (which, status, options, usage))

TSHM_HOOK(int, waitid, (idtype_t type, id_t id, siginfo_t *info, int options))
{
	struct tshm_here here = TSHM_HERE(waitid);
	siginfo_t mine = { 0 };
	siginfo_t *to = info ? info : &mine;
	int result = TSHM_REAL(waitid)(type, id, to, options);

	tshm_note_waited_by(here, to, options, result);
	return result;
}

/* ---- how this image ends: destructors are skipped by all of these but exit ---- */

TSHM_HOOK(void, exit, (int status))
{
	/* What is to be noted is noted by the on_exit handler (init.c), which also serves main's return. */
	TSHM_REAL(exit)(status);
	__builtin_unreachable();
}

#define TSHM_LEAVE(name) \
	TSHM_HOOK(void, name, (int status)) \
	{ \
		struct tshm_here here = TSHM_HERE(name); \
\
		if (here.on) \
			tshm_image_end(TSHM_ENDED_EXIT, status & 255, NULL); \
		TSHM_REAL(name)(status); \
		__builtin_unreachable(); \
	}
TSHM_LEAVE(_exit)
TSHM_LEAVE(_Exit)
TSHM_LEAVE(quick_exit)

TSHM_HOOK(void, abort, (void))
{
	struct tshm_here here = TSHM_HERE(abort);

	if (here.on)
		tshm_image_end(TSHM_ENDED_ABORT, 0, NULL);
	TSHM_REAL(abort)();
	__builtin_unreachable();
}

/*
 * Before: another thread may be given the addresses at once.  After: a destructor that
 * ran inside may have acquired from the code that went.
 */
TSHM_HOOK(int, dlclose, (void *handle))
{
	int result;

	atomic_fetch_add_explicit(&tshm_module_generation, 1, memory_order_relaxed);
	result = TSHM_REAL(dlclose)(handle);
	atomic_fetch_add_explicit(&tshm_module_generation, 1, memory_order_relaxed);
	tshm_cuda_unloaded();
	tshm_python_unloaded();
	return result;
}
