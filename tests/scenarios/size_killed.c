/* SPDX-License-Identifier: MIT */
/*
 * A child gives each of eight memfds its size by another call, and is killed.  What it held
 * is known as last recorded, and so is how large that was: nobody can ask the kernel any more.
 */
#include <signal.h>

#include "scenario.h"

#define LEAST 4096

static void grow(int how, int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	switch (how) {
	case 0: must(ftruncate(fd, LEAST), "ftruncate"); break;
	case 1: must(ftruncate64(fd, LEAST), "ftruncate64"); break;
	case 2: must(-posix_fallocate(fd, 0, LEAST), "posix_fallocate"); break;
	case 3: must(-posix_fallocate64(fd, 0, LEAST), "posix_fallocate64"); break;
	case 4: must(fallocate(fd, 0, 0, LEAST), "fallocate"); break;
	case 5: must(fallocate64(fd, 0, 0, LEAST), "fallocate64"); break;
	case 6: must(truncate(path, LEAST), "truncate"); break;
	case 7: must(truncate64(path, LEAST), "truncate64"); break;
	}
}

__attribute__((noinline)) static int make_one(void)
{
	int fd = memfd_create("tshm-test", MFD_CLOEXEC);

	must(fd, "memfd_create");
	return fd;
}

static void hold_and_die(void)
{
	for (int how = 0; how < 8; how++)
		grow(how, make_one());
	raise(SIGKILL);
}

int main(void)
{
	int status;
	pid_t child;

	scenario_begin();
	printf("EXPECT fd-leaked first, 32.0 KiB in all)\n");
	child = must_fork();
	if (child == 0)
		hold_and_die();
	if (waitpid(child, &status, 0) != child || !WIFSIGNALED(status))
		die("not killed");
	return 0;
}
