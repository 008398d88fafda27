/* SPDX-License-Identifier: MIT */
/*
 * Ten memfds have no close-on-exec, but the child of fork closes everything from 3
 * before it executes a program, as careful programs did before O_CLOEXEC: nothing crosses.
 */
#include "scenario.h"

/* In the new program: 1 if a memfd came along. */
static int has_memfd(void)
{
	char link[64], target[64];

	for (int fd = 3; fd < 256; fd++) {
		ssize_t length;

		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		length = readlink(link, target, sizeof(target) - 1);
		if (length > 7 && strncmp(target, "/memfd:", 7) == 0)
			return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	int fds[10];
	pid_t child;

	if (argc > 1)
		return has_memfd();
	scenario_begin();
	printf("EXPECT-NONE\n");
	for (int i = 0; i < 10; i++)
		must(fds[i] = memfd_create("tshm-test", 0), "memfd_create");
	child = must_fork();
	if (child == 0) {
		for (int fd = 3; fd < 256; fd++)
			close(fd);
		execl("/proc/self/exe", argv[0], "again", (char *)NULL);
		_exit(1);
	}
	must_wait(child);
	for (int i = 0; i < 10; i++)
		must(close(fds[i]), "close");
	return 0;
}
