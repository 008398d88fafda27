/* SPDX-License-Identifier: MIT */
/* The parent makes a segment and its child removes the name: somebody did, so nothing leaks. */
#include "scenario.h"

int main(void)
{
	const char *name = scenario_name("shm_removed_by_other");
	int fd = make_segment(name);
	pid_t child = must_fork();

	if (child == 0) {
		must(close(fd), "close");
		must(shm_unlink(name), "shm_unlink");
		_exit(0);
	}
	printf("LOOKALIKE shm-leaked\n");
	printf("EXPECT-NONE\n");
	must_wait(child);
	must(close(fd), "close");
	return 0;
}
