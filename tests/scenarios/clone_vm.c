/* SPDX-License-Identifier: MIT */
/*
 * clone(CLONE_VM) makes a process, no thread: it runs beside its parent in the same memory, but with
 * descriptors of its own.  It closes those that it inherited, takes others, maps and unmaps, and leaves; the
 * parent's are open all the while, and what the child does is not known rather than taken for the parent's.
 */
#include <sched.h>
#include <signal.h>

#include "scenario.h"

#define COUNT 10

static int fds[COUNT];
static char stack[256 * 1024] __attribute__((aligned(64)));

static int run(void *argument)
{
	(void)argument;
	for (int i = 0; i < COUNT; i++)
		if (close(fds[i]) != 0)
			return 1;
	for (int i = 0; i < COUNT; i++)
		if (memfd_create("tshm-test-child", MFD_CLOEXEC) < 0)
			return 2;
	_exit(0);
}

int main(void)
{
	pid_t child;

	scenario_begin();
	printf("EXPECT unobserved clone\n");
	printf("EXPECT-TOTAL memfd_create 20 20\n");
	for (int i = 0; i < COUNT; i++)
		fds[i] = make_memfd();
	child = clone(run, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL);
	must(child, "clone");
	must_wait(child);
	for (int i = 0; i < COUNT; i++)
		must(close(fds[i]), "close");
	for (int i = 0; i < COUNT; i++)		/* what the parent does is still noted */
		must(close(make_memfd()), "close");
	return 0;
}
