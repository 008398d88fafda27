/* SPDX-License-Identifier: MIT */
/* A child of fork makes a segment and leaves by _exit, as multiprocessing's children do. */
#include "scenario.h"

int main(void)
{
	const char *name = scenario_name("shm_leak_child");
	pid_t child = must_fork();

	if (child == 0) {
		make_segment(name);
		_exit(0);
	}
	printf("EXPECT shm-leaked %s\n", name + 1);
	printf("EXPECT shm-leaked never removed\n");
	must_wait(child);
	return 0;
}
