/* SPDX-License-Identifier: MIT */
/*
 * A child shrinks a memfd that it has mapped, and touches what is no more: only its own record tells how large
 * that was.  Then another does so with its parent's, and the parent saw how large that was at the end.
 */
#include <signal.h>
#include <sys/resource.h>

#include "scenario.h"

static void die_of_sigbus(int fd)
{
	struct rlimit none = { 0, 0 };
	pid_t child = must_fork();
	int status;

	if (child == 0) {
		volatile char *at;

		fd = fd < 0 ? make_memfd() : fd;
		at = map_shared(fd, SCENARIO_SIZE);
		setrlimit(RLIMIT_CORE, &none);
		must(ftruncate(fd, 4096), "ftruncate");
		at[SCENARIO_SIZE - 1] = 1;
		_exit(0);
	}
	if (waitpid(child, &status, 0) != child || !WIFSIGNALED(status) || WTERMSIG(status) != SIGBUS)
		die("the child was not killed by SIGBUS");
}

int main(void)
{
	scenario_begin();
	printf("EXPECT shm-mapped-beyond-end (it was shrunk to 4.0 KiB, as far as was recorded): it died of SIGBUS\n");
	printf("EXPECT shm-mapped-beyond-end reaches 60.0 KiB past its end (it was shrunk to 4.0 KiB): it died of SIGBUS\n");
	die_of_sigbus(-1);
	die_of_sigbus(make_memfd());
	return 0;
}
