/* SPDX-License-Identifier: MIT */
/*
 * A profiler's timer is never silent, and its handler duplicates a descriptor and closes
 * it; meanwhile the program makes children by fork, _Fork and the bare system call.  The
 * handler may be the first of a child to run, before the C library's own handlers, and in
 * the middle of them: a child's ledger begins once, and there is one for each child.
 * A timer is not inherited; the parent sends the signal to the children.
 */
#include <dirent.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include "scenario.h"

#define CHILDREN 600
#define PERIOD 150	/* microseconds */

static int source;

static void on_signal(int signal)
{
	int saved = errno, fd = dup(source);

	(void)signal;
	if (fd < 0 || close(fd) != 0)
		_exit(98);
	errno = saved;
}

static pid_t make(int how)
{
	switch (how) {
	case 0: return fork();
	case 1: return _Fork();
	default: return (pid_t)syscall(SYS_fork);
	}
}

static int ledgers(void)
{
	const char *where = getenv("TSHM_DIR");
	DIR *dir = where ? opendir(where) : NULL;
	struct dirent *e;
	int count = 0;

	if (!dir)
		return -1;
	while ((e = readdir(dir)))
		count += strstr(e->d_name, ".tshm") != NULL;
	closedir(dir);
	return count;
}

int main(void)
{
	struct itimerval period = { { 0, PERIOD }, { 0, PERIOD } }, never = { { 0, 0 }, { 0, 0 } };
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	int before, after;

	scenario_begin();
	source = open("/dev/null", O_RDONLY | O_CLOEXEC);
	must(source, "open");
	before = ledgers();
	must(sigaction(SIGALRM, &action, NULL), "sigaction");
	must(sigaction(SIGCHLD, &action, NULL), "sigaction");
	must(setitimer(ITIMER_REAL, &period, NULL), "setitimer");
	for (int i = 0; i < CHILDREN; i++) {
		pid_t pid = make(i % 3);

		must(pid, "fork");
		if (pid == 0)
			_exit(0);
		for (int k = 0; k < 3; k++)
			kill(pid, SIGALRM);
		must_wait(pid);
	}
	must(setitimer(ITIMER_REAL, &never, NULL), "setitimer");
	must(close(source), "close");
	after = ledgers();
	if (before >= 0 && after - before != CHILDREN)
		die("%d children have %d ledgers", CHILDREN, after - before);
	printf("EXPECT-NONE\n");
	return 0;
}
