/* SPDX-License-Identifier: MIT */
/* A child executes a program with an empty environment: no preload, so tshm cannot see into it. */
#include "scenario.h"

int main(void)
{
	static char program[] = "true";
	static char *const argv[] = { program, NULL };
	static char *const environment[] = { NULL };
	pid_t child;

	scenario_begin();
	printf("EXPECT unobserved true\n");
	child = must_fork();
	if (child == 0) {
		execve("/bin/true", argv, environment);
		_exit(1);
	}
	must_wait(child);
	return 0;
}
