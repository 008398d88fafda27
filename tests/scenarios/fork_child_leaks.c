/* SPDX-License-Identifier: MIT */
/*
 * A child closes the eight memfds that it inherited and makes eight of its own,
 * which it still has when it leaves by _exit.  The parent closes all that it has.
 * One process is at fault, with eight.
 */
#include "scenario.h"

#define COUNT 8

__attribute__((noinline)) static void childs_own(void)
{
	if (memfd_create("tshm-test", MFD_CLOEXEC) < 0)
		die("memfd_create");
}

int main(void)
{
	int fds[COUNT];
	pid_t child;

	scenario_begin();
	for (int i = 0; i < COUNT; i++)
		fds[i] = make_memfd();
	child = must_fork();
	if (child == 0) {
		for (int i = 0; i < COUNT; i++)
			must(close(fds[i]), "close");
		for (int i = 0; i < COUNT; i++)
			childs_own();
		_exit(0);
	}
	printf("EXPECT fd-leaked 8 descriptors\n");
	must_wait(child);
	for (int i = 0; i < COUNT; i++)
		must(close(fds[i]), "close");
	return 0;
}
