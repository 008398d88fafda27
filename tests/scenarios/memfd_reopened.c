/* SPDX-License-Identifier: MIT */
/*
 * A child opens one memfd eight times more, by /proc/self/fd and /dev/fd, and is killed.  These are
 * new open files of the same memory, and known as such though nobody could look at the end.
 */
#include <signal.h>

#include "scenario.h"

__attribute__((noinline)) static void reopen(int fd, const char *folder)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/%d", folder, fd);
	must(open(path, O_RDWR | O_CLOEXEC), "open");
}

static void hold_and_die(void)
{
	int fd = make_memfd();

	for (int i = 0; i < 8; i++)
		reopen(fd, i & 1 ? "/dev/fd" : "/proc/self/fd");
	raise(SIGKILL);
}

int main(void)
{
	int status;
	pid_t child;

	scenario_begin();
	printf("EXPECT fd-leaked 8 descriptors of memfds\n");
	printf("EXPECT-FRAME fd-leaked reopen\n");
	child = must_fork();
	if (child == 0)
		hold_and_die();
	if (waitpid(child, &status, 0) != child || !WIFSIGNALED(status))
		die("not killed");
	return 0;
}
