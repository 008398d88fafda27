/* SPDX-License-Identifier: MIT */
/*
 * holder [hidden|traced]: hold a segment, stand in calls that wait, and say what came of it.
 *
 * It says "ready NAME TRACER" once all threads wait.  At the end of its standard input it
 * lets them go, removes the segment, and says "disturbed N": how many of the calls
 * did not wait until then.
 *   hidden  it may not be dumped, so that only root may look at it
 *   traced  a child of its own traces it already
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <unistd.h>

enum { ALIKE = 3, WAITERS = 2 + ALIKE };

static int gate[2], told[2];
static int disturbed;

static void must(int result, const char *what)
{
	if (result >= 0)
		return;
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(errno == EPERM || errno == ENOSYS ? 77 : 99);
}

/* What each must find is the end of the gate. */
static void count(int as_it_should_be)
{
	if (!as_it_should_be)
		__atomic_add_fetch(&disturbed, 1, __ATOMIC_RELAXED);
}

static void say_ready(void)
{
	must((int)write(told[1], "x", 1), "write");
}

static void *__attribute__((noinline)) wait_in_epoll(void *unused)
{
	struct epoll_event event = { .events = EPOLLIN };
	int set = epoll_create1(EPOLL_CLOEXEC);

	must(epoll_ctl(set, EPOLL_CTL_ADD, gate[0], &event), "epoll_ctl");
	say_ready();
	count(epoll_wait(set, &event, 1, -1) == 1);
	close(set);
	return unused;
}

static void *__attribute__((noinline)) wait_in_read(void *unused)
{
	char byte;

	say_ready();
	count(read(gate[0], &byte, 1) == 0);
	return unused;
}

static void *__attribute__((noinline)) wait_in_poll(void *unused)
{
	struct pollfd p = { .fd = gate[0], .events = POLLIN };

	say_ready();
	count(poll(&p, 1, 600000) == 1);
	return unused;
}

static void __attribute__((noinline)) wait_for_the_end(void)
{
	char byte;

	count(read(0, &byte, 1) == 0);
}

/* Both ends are closed with us. */
static pid_t trace_us(void)
{
	int wait_for[2], ready[2];
	pid_t child;
	char byte;

	must(pipe2(wait_for, O_CLOEXEC), "pipe2");
	must(pipe2(ready, O_CLOEXEC), "pipe2");
	child = fork();
	must(child, "fork");
	if (!child) {
		close(wait_for[1]);
		close(ready[0]);
		must((int)read(wait_for[0], &byte, 1), "read");
		must((int)ptrace(PTRACE_SEIZE, getppid(), NULL, NULL), "PTRACE_SEIZE");
		must((int)write(ready[1], "x", 1), "write");
		_exit(read(wait_for[0], &byte, 1) != 0);
	}
	close(ready[1]);
	close(wait_for[0]);
	prctl(PR_SET_PTRACER, child, 0, 0, 0);
	must((int)write(wait_for[1], "x", 1), "write");
	if (read(ready[0], &byte, 1) != 1)
		exit(77);
	return child;
}

int main(int argc, char **argv)
{
	static void *(*const waits[])(void *) = { wait_in_epoll, wait_in_read, wait_in_poll };
	pthread_t thread[WAITERS];
	pid_t tracer = 0;
	char name[64], byte;

	if (argc > 1 && !strcmp(argv[1], "hidden"))
		must(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "PR_SET_DUMPABLE");
	snprintf(name, sizeof(name), "/tshm-test-holder-%d", (int)getpid());
	must(shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0600), "shm_open");
	if (argc > 1 && !strcmp(argv[1], "traced"))
		tracer = trace_us();
	must(pipe2(gate, O_CLOEXEC), "pipe2");
	must(pipe2(told, O_CLOEXEC), "pipe2");
	for (int i = 0; i < WAITERS; i++) {
		if (pthread_create(&thread[i], NULL, waits[i < 2 ? i : 2], NULL) != 0)
			return 99;
		must((int)read(told[0], &byte, 1), "read");
	}
	printf("ready %s %d\n", name, (int)tracer);
	fflush(stdout);
	wait_for_the_end();
	close(gate[1]);
	for (int i = 0; i < WAITERS; i++)
		pthread_join(thread[i], NULL);
	must(shm_unlink(name), "shm_unlink");
	printf("disturbed %d\n", disturbed);
	return 0;
}
