/* SPDX-License-Identifier: MIT */
/*
 * Two memfds cross exec because the program wants it: one got a number chosen by
 * dup2, of the other close-on-exec was cleared.  The next program closes both.
 */
#include "scenario.h"

#define CHOSEN 30
#define CLEARED 40

int main(int argc, char **argv)
{
	int fd;

	if (argc > 1) {
		must(close(CHOSEN), "close of the chosen one");
		must(close(CLEARED), "close of the cleared one");
		return 0;
	}
	scenario_begin();
	printf("LOOKALIKE fd-crossed-exec\n");
	printf("EXPECT-NONE\n");
	fd = make_memfd();
	must(dup2(fd, CHOSEN), "dup2");
	if (fcntl(fd, F_DUPFD_CLOEXEC, CLEARED) != CLEARED)
		die("F_DUPFD_CLOEXEC");
	must(fcntl(CLEARED, F_SETFD, 0), "F_SETFD");
	execl("/proc/self/exe", argv[0], "again", (char *)NULL);
	die("execl");
}
