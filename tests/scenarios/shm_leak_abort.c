/* SPDX-License-Identifier: MIT */
/* A child makes a segment and ends by abort(), as a failed assertion does: no exit handler ran. */
#include <signal.h>
#include <sys/resource.h>

#include "scenario.h"

int main(void)
{
	const char *name = scenario_name("shm_leak_abort");
	struct rlimit no_core = { 0, 0 };
	pid_t child;
	int status;

	must(setrlimit(RLIMIT_CORE, &no_core), "setrlimit");
	child = must_fork();
	if (child == 0) {
		make_segment(name);
		abort();
	}
	printf("EXPECT shm-leaked %s\n", name + 1);
	printf("EXPECT shm-leaked never removed\n");
	if (waitpid(child, &status, 0) != child || !WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
		die("the child did not abort");
	return 0;
}
