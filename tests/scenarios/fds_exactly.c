/* SPDX-License-Identifier: MIT */
/*
 * A daemon looks which descriptors it has, at many moments, and wants to find its own and
 * no other; it closes all that it does not know, puts others over every number, and does
 * with the largest and the smallest limit.  Nothing of ours may be there, be closed, or be
 * missed: after each of these all is noted as before.
 */
#include <dirent.h>
#include <sys/resource.h>

#include "scenario.h"

static void only(int expected, const char *when)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *e;
	int count = 0;

	if (!dir)
		skip("no /proc");
	while ((e = readdir(dir))) {
		int fd = atoi(e->d_name);

		if (e->d_name[0] == '.' || fd == dirfd(dir))
			continue;
		count++;
		if (fd > 2 && fd >= expected)
			die("%s: descriptor %d is not ours", when, fd);
	}
	closedir(dir);
	if (count != expected)
		die("%s: %d descriptors, not %d", when, count, expected);
}

static void over_every_number(int below)
{
	for (int round = 0; round < 2; round++)
		for (int fd = 3; fd < below; fd++)
			if (dup2(0, fd) != fd)
				die("dup2 to %d", fd);
	only(below, "all numbers");
	must(close_range(3, ~0u, 0), "close_range");
	only(3, "close_range");
	for (int fd = 3; fd < below; fd++)
		if (dup3(1, fd, O_CLOEXEC) != fd)
			die("dup3 to %d", fd);
	closefrom(3);
	only(3, "closefrom");
}

static void large_numbers(void)
{
	struct rlimit limit;

	must(getrlimit(RLIMIT_NOFILE, &limit), "getrlimit");
	limit.rlim_cur = limit.rlim_max;
	if (limit.rlim_max < 1048576 && geteuid() == 0)
		limit.rlim_cur = limit.rlim_max = 1048576;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	for (unsigned long fd = 4095; fd < limit.rlim_cur && fd < 1048576; fd += 4096)
		if (dup2(0, (int)fd) != (int)fd)
			die("dup2 to %lu", fd);
	must(close_range(3, ~0u, 0), "close_range");
	only(3, "large numbers");
}

static void limit_to(rlim_t count)
{
	struct rlimit limit;

	must(getrlimit(RLIMIT_NOFILE, &limit), "getrlimit");
	limit.rlim_cur = count;
	must(setrlimit(RLIMIT_NOFILE, &limit), "setrlimit");
}

static void nothing_more(void)
{
	for (int i = 0; i < 100; i++)
		if (open("/dev/null", O_RDONLY) != -1 || errno != EMFILE || dup(0) != -1 || errno != EMFILE)
			die("a limit of 3 does not limit");
}

/* A child that can have no ledger; and a program that gets the one number which its loader needs. */
static void at_the_limit(const char *self)
{
	pid_t pid;

	limit_to(3);
	nothing_more();
	pid = must_fork();
	if (pid == 0) {
		nothing_more();
		_exit(0);
	}
	must_wait(pid);
	limit_to(4);
	execl(self, self, "limited", (char *)NULL);
	die("execl");
}

int main(int argc, char **argv)
{
	pid_t pid;

	if (argc > 1 && strcmp(argv[1], "limited") == 0) {
		only(3, "in a limited program");
		limit_to(3);
		nothing_more();
		return 0;
	}
	if (argc == 1) {
		must(close_range(3, ~0u, 0), "close_range");
		execl(argv[0], argv[0], "alone", (char *)NULL);
		die("execl");
	}
	only(3, "at first");
	scenario_begin();
	pid = must_fork();
	if (pid == 0) {
		only(3, "in a child");
		_exit(0);
	}
	must_wait(pid);
	over_every_number(1000);
	large_numbers();
	pid = must_fork();
	if (pid == 0) {
		only(3, "in a second child");
		at_the_limit("/proc/self/exe");
	}
	must_wait(pid);
	only(3, "at last");
	printf("EXPECT-TOTAL dup3 997 997\n");
	printf("EXPECT limit-hit\nEXPECT unobserved\n");
	return 0;
}
