/* SPDX-License-Identifier: MIT */
/*
 * Many children (TSHM_TEST_CHILDREN, else 200) of a process whose other threads open and
 * close: in sessions of their own, forked twice so that init has them, and daemons.  The
 * last of each way leaves a segment.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "scenario.h"

static atomic_int stop;
static char left[3][80];

static void *open_and_close(void *unused)
{
	while (!stop) {
		int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

		must(fd, "open");
		must(close(fd), "close");
	}
	return unused;
}

/* The pipe's other end tells when the last of the family is gone. */
__attribute__((noreturn)) static void child(int i, const char *name)
{
	pid_t pid;

	switch (i % 3) {
	case 0:
		if (setsid() < 0)
			_exit(1);
		break;
	case 1:
		pid = fork();
		if (pid != 0)
			_exit(pid < 0);
		break;
	default:
		if (daemon(0, 0) != 0)
			_exit(1);
	}
	if (name)
		must(close(make_segment(name)), "close");
	_exit(0);
}

int main(void)
{
	pthread_t threads[3];
	const char *wanted = getenv("TSHM_TEST_CHILDREN");
	int children = wanted ? atoi(wanted) : 200, gone[2];
	char byte;

	scenario_begin();
	must(pipe2(gone, O_CLOEXEC), "pipe2");
	for (int i = 0; i < 3; i++) {
		snprintf(left[i], sizeof(left[i]), "/tshm-test-fork_many-%d-%d", (int)getpid(), i);
		if (pthread_create(&threads[i], NULL, open_and_close, NULL) != 0)
			die("pthread_create");
	}
	for (int i = 0; i < children; i++) {
		pid_t pid = must_fork();

		if (pid == 0)
			child(i, i >= children - 3 ? left[i % 3] : NULL);
		must_wait(pid);
	}
	stop = 1;
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	must(close(gone[1]), "close");
	if (read(gone[0], &byte, 1) != 0)
		die("read");
	must(close(gone[0]), "close");
	printf("EXPECT shm-leaked 3 segments\n");
	return 0;
}
