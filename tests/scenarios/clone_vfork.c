/* SPDX-License-Identifier: MIT */
/*
 * vfork by other means: clone(CLONE_VM | CLONE_VFORK), syscall(SYS_vfork), syscall(SYS_clone).
 * Each child closes, in the parent's memory, its own copies of the parent's descriptors,
 * and executes a program.  The parent still has all of them.
 */
#include <alloca.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>

#include "scenario.h"

#define COUNT 10

static int fds[COUNT];
static char stack[256 * 1024] __attribute__((aligned(64)));

static int become_true(void *argument)
{
	static char program[] = "true";
	static char *const argv[] = { program, NULL };

	(void)argument;
	for (int i = 0; i < COUNT; i++)
		close(fds[i]);
	memfd_create("tshm-test-child", MFD_CLOEXEC);
	execv("/bin/true", argv);
	_exit(1);
}

/* The child returns from syscall() and the parent does so again: what lies there on the stack must be left alone. */
__attribute__((noinline)) static pid_t by_syscall(long number, long flags)
{
	pid_t child = (pid_t)syscall(number, flags, 0L, 0L, 0L, 0L);

	if (child == 0) {
		volatile char *below = alloca(32768);

		below[0] = 0;
		become_true(NULL);
	}
	return child;
}

int main(void)
{
	scenario_begin();
	printf("EXPECT-NONE\n");
	printf("EXPECT-TOTAL memfd_create 10 10\n");
	for (int i = 0; i < COUNT; i++)
		fds[i] = make_memfd();
	must_wait(clone(become_true, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, NULL));
#ifdef SYS_vfork
	must_wait(by_syscall(SYS_vfork, 0));
#endif
	must_wait(by_syscall(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD));
	for (int i = 0; i < COUNT; i++)
		must(close(fds[i]), "close after vfork");
	return 0;
}
