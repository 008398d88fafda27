/* SPDX-License-Identifier: MIT */
/*
 * many COUNT [locked]: that many descriptors and shared mappings at once, in the process, in
 * a child, and again; errno stays.  locked: with all memory locked.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void hold(int count)
{
	int *fds = calloc((size_t)count, sizeof(*fds));
	void **at = calloc((size_t)count, sizeof(*at));

	errno = 4242;
	for (int i = 0; i < count; i++) {
		fds[i] = dup(0);
		at[i] = mmap(NULL, 8192, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (fds[i] < 0 || at[i] == MAP_FAILED || errno != 4242)
			_exit(2);
	}
	for (int i = 0; i < count; i++)
		if (close(fds[i]) != 0 || munmap(at[i], 8192) != 0 || errno != 4242)
			_exit(3);
	free(fds);
	free(at);
}

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 100, status;
	struct rlimit limit;
	pid_t pid;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	if (argc <= 2)
		hold(count);
	if (argc > 2 && mlockall(MCL_CURRENT | MCL_FUTURE) != 0)
		return 5;
	pid = fork();
	if (pid == 0) {
		hold(count);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid || status != 0)
		return 4;
	hold(count);
	return 0;
}
