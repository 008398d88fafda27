/* SPDX-License-Identifier: MIT */
/* A child shrinks a memfd that it has mapped, and touches what is no more. */
#include <signal.h>
#include <sys/resource.h>

#include "scenario.h"

int main(void)
{
	struct rlimit none = { 0, 0 };
	pid_t child;
	int status;

	scenario_begin();
	printf("EXPECT shm-mapped-beyond-end a mapping of memfd tshm-test in\n");
	printf("EXPECT shm-mapped-beyond-end reaches 60.0 KiB past its end (it was shrunk to 4.0 KiB): it died of SIGBUS\n");
	child = must_fork();
	if (child == 0) {
		int fd = make_memfd();
		volatile char *at = map_shared(fd, SCENARIO_SIZE);

		setrlimit(RLIMIT_CORE, &none);
		must(ftruncate(fd, 4096), "ftruncate");
		at[SCENARIO_SIZE - 1] = 1;
		_exit(0);
	}
	if (waitpid(child, &status, 0) != child || !WIFSIGNALED(status) || WTERMSIG(status) != SIGBUS)
		die("the child was not killed by SIGBUS");
	return 0;
}
