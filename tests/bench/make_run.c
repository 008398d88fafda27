/* SPDX-License-Identifier: MIT */
/*
 * A large run, made under the library so that its ledgers are real ones.
 *
 * make_run ledgers COUNT NAME: a tree of processes that leaves COUNT ledgers behind.  Each
 * process shares memory in the usual ways from 16 frames deep; of every sixteen one
 * executes another program, one is killed, and one leaves a name that begins with NAME.
 * make_run objects COUNT EACH: processes that hold EACH objects of their own, COUNT in
 * all; "ready" when they do, and they end when standard input does.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEEP 16			/* frames that a capture takes by default */
#define PAGE 4096
#define FAMILY 60		/* children of one process: fewer than a ledger's first extent has */

static const char *program, *prefix;

static int must(int result, const char *what)
{
	if (result >= 0)
		return result;
	perror(what);
	_exit(1);
}

static void *map(int flags, int fd)
{
	void *at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (at == MAP_FAILED)
		must(-1, "mmap");
	return at;
}

static pid_t fork_one(void)
{
	return must(fork(), "fork");
}

static void wait_all(void)
{
	while (wait(NULL) > 0)
		;
}

/* ---- many ledgers ---- */

static void share(unsigned number)
{
	char name[128];
	int fd = must(memfd_create("tshm-bench", MFD_CLOEXEC), "memfd_create"), pair[2];

	must(ftruncate(fd, PAGE), "ftruncate");
	map(MAP_SHARED, fd);
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), "socketpair");
	close(pair[0]);
	close(pair[1]);
	snprintf(name, sizeof(name), "/%s-%d", prefix, (int)getpid());
	fd = must(shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600), "shm_open");
	must(ftruncate(fd, PAGE), "ftruncate");
	map(MAP_SHARED, fd);
	close(fd);
	if (number % 16 != 2)
		shm_unlink(name);
}

static __attribute__((noinline)) void deep(unsigned frames, unsigned number)
{
	if (frames)
		deep(frames - 1, number);
	else
		share(number);
	__asm__ volatile("");		/* no call in tail position: the frames stay */
}

static void child(unsigned number, bool executes)
{
	deep(DEEP, number);
	if (executes)
		must(execl(program, program, "nothing", (char *)NULL), program);
	if (number % 16 == 1)
		raise(SIGKILL);
	exit(0);
}

/* `count` ledgers of children, which are waited for one by one: some write two. */
static void family(unsigned count, unsigned number)
{
	for (; count; number++) {
		bool executes = number % 16 == 0 && count > 1;

		if (!fork_one())
			child(number, executes);
		wait_all();
		count -= executes ? 2 : 1;
	}
}

static void make_ledgers(unsigned count)
{
	unsigned number = 0, size;

	for (count--; count; count -= size) {
		size = count < FAMILY ? count : FAMILY;
		if (!fork_one()) {
			family(size - 1, number);
			exit(0);
		}
		wait_all();
		number += size;
	}
}

/* ---- many objects ---- */

static __attribute__((noinline)) void hold(unsigned count)
{
	int pair[2];

	for (unsigned i = 0; i < count; i++)
		switch (i % 5) {
		case 0:
			must(memfd_create("tshm-bench", MFD_CLOEXEC), "memfd_create");
			break;
		case 1:
			map(MAP_SHARED | MAP_ANONYMOUS, -1);
			break;
		case 2:
			must(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
			break;
		case 3:
			must(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
			break;
		case 4:		/* one object, two descriptors */
			must(pipe2(pair, O_CLOEXEC), "pipe2");
			break;
		}
}

static void make_objects(unsigned count, unsigned each)
{
	struct rlimit limit;
	int ready[2], hold_on[2];
	char byte;

	if (!getrlimit(RLIMIT_NOFILE, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	must(pipe2(ready, O_CLOEXEC), "pipe2");
	must(pipe2(hold_on, O_CLOEXEC), "pipe2");
	for (unsigned left = count, mine; left; left -= mine) {
		mine = left < each ? left : each;
		if (fork_one())
			continue;
		close(hold_on[1]);
		hold(mine);
		must((int)write(ready[1], "", 1), "write");
		exit(read(hold_on[0], &byte, 1) != 0);
	}
	for (unsigned i = 0; i < (count + each - 1) / each; i++)
		must(read(ready[0], &byte, 1) == 1 ? 0 : -1, "read");
	puts("ready");
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	close(hold_on[1]);
	wait_all();
}

int main(int argc, char **argv)
{
	unsigned count = argc == 4 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;

	program = argv[0];
	if (argc == 2 && !strcmp(argv[1], "nothing"))
		return 0;
	if (count && !strcmp(argv[1], "ledgers")) {
		prefix = argv[3];
		make_ledgers(count);
	} else if (count && !strcmp(argv[1], "objects") && atoi(argv[3]) > 0) {
		make_objects(count, (unsigned)atoi(argv[3]));
	} else {
		fprintf(stderr, "usage: make_run ledgers COUNT NAME | objects COUNT EACH\n");
		return 2;
	}
	return 0;
}
