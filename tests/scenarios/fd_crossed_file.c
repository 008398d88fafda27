/* SPDX-License-Identifier: MIT */
/* A plain file without close-on-exec is inherited by a child's program: worth a note, no more. */
#include "scenario.h"

int main(int argc, char **argv)
{
	pid_t child;
	int fd;

	if (argc > 1)
		return 0;
	scenario_begin();
	printf("EXPECT fd-crossed-exec (file\n");
	must(fd = open("/etc/passwd", O_RDONLY), "open");
	child = must_fork();
	if (child == 0) {
		execl("/proc/self/exe", argv[0], "again", (char *)NULL);
		_exit(1);
	}
	must_wait(child);
	must(close(fd), "close");
	return 0;
}
