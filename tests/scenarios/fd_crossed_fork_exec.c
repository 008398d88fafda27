/* SPDX-License-Identifier: MIT */
/*
 * The parent's memfd has no close-on-exec; a child of fork executes another program,
 * which inherits it.  Most descriptors cross that way, through a child that never
 * touched them: what is inherited by fork must still be known when exec comes.
 */
#include "scenario.h"

int main(int argc, char **argv)
{
	pid_t child;
	int fd;

	if (argc > 1)
		return strcmp(argv[1], "again") != 0;
	scenario_begin();
	printf("EXPECT fd-crossed-exec memfd\n");
	must(fd = memfd_create("tshm-test", 0), "memfd_create");
	child = must_fork();
	if (child == 0) {
		execl("/proc/self/exe", argv[0], "again", (char *)NULL);
		_exit(1);
	}
	must_wait(child);
	must(close(fd), "close");
	return 0;
}
