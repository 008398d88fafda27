/* SPDX-License-Identifier: MIT */
/* A child makes a segment, maps it, and kills itself with a signal that nobody can catch. */
#include <signal.h>

#include "scenario.h"

int main(void)
{
	const char *name = scenario_name("shm_leak_killed");
	pid_t child = must_fork();
	int status;

	if (child == 0) {
		int fd = make_segment(name);

		map_shared(fd, SCENARIO_SIZE);
		kill(getpid(), SIGKILL);
	}
	printf("EXPECT shm-leaked %s\n", name + 1);
	printf("EXPECT shm-leaked killed by SIGKILL) and was never removed\n");
	if (waitpid(child, &status, 0) != child || !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
		die("the child was not killed");
	return 0;
}
