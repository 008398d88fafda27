/* SPDX-License-Identifier: MIT */
/*
 * A vfork child runs in the parent's memory but with its own descriptors: it
 * closes ten of them and executes a program.  The parent still has all;
 * it closes each, and tshm must have kept them apart.
 */
#include "scenario.h"

#define COUNT 10

int main(void)
{
	static char program[] = "true";
	static char *const argv[] = { program, NULL };
	int fds[COUNT];
	pid_t child;

	scenario_begin();
	printf("LOOKALIKE unobserved\n");
	printf("EXPECT-NONE\n");
	for (int i = 0; i < COUNT; i++)
		fds[i] = make_memfd();
	child = vfork();
	if (child == 0) {
		for (int i = 0; i < COUNT; i++)
			close(fds[i]);
		execv("/bin/true", argv);
		_exit(1);
	}
	must_wait(child);
	for (int i = 0; i < COUNT; i++)
		must(close(fds[i]), "close after vfork");
	return 0;
}
