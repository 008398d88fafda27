/* SPDX-License-Identifier: MIT */
/*
 * A timer's handler jumps out: of recvmsg and open that wait, and of whatever instruction
 * it finds us at, in libc and in our own hooks.  What was under way then may be lost, but
 * nothing may be left that waits, or is deaf: afterwards every call is counted.
 */
#include <setjmp.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "scenario.h"

#define JUMPS 3000
#define AFTER 500

static sigjmp_buf back;
static int sockets[2], source;
static char fifo[80];

static void on_timer(int signal)
{
	(void)signal;
	siglongjmp(back, 1);
}

static void wait_for(int way)
{
	char byte;
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	if (way)
		recvmsg(sockets[0], &message, 0);
	else
		open(fifo, O_RDONLY | O_CLOEXEC);
	die("what waits returned");
}

static void hurry(void)
{
	for (;;) {
		int fd = dup(source), other = memfd_create("jumped", MFD_CLOEXEC);
		void *at = mmap(NULL, 4096, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

		munmap(at, 4096);
		dup2(fd, other);
		close(fd);
		close(other);
	}
}

static void jump(int i)
{
	struct itimerval once = { { 0, 0 }, { 0, 20 + i * 7 % 200 } };

	if (sigsetjmp(back, 1) == 0) {
		must(setitimer(ITIMER_REAL, &once, NULL), "setitimer");
		if (i % 3)
			hurry();
		wait_for(i % 2);
	}
	if (i % 100 == 0)	/* what was lost in the jumps */
		must(close_range((unsigned)source + 1, ~0u, 0), "close_range");
}

int main(void)
{
	struct sigaction action = { .sa_handler = on_timer };

	scenario_begin();
	snprintf(fifo, sizeof(fifo), "/tmp/tshm-test-jumped-%d", (int)getpid());
	must(mkfifo(fifo, 0600), "mkfifo");
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), "socketpair");
	source = open("/dev/null", O_RDONLY | O_CLOEXEC);
	must(source, "open");
	must(sigaction(SIGALRM, &action, NULL), "sigaction");
	for (volatile int i = 0; i < JUMPS; i++)
		jump(i);
	must(unlink(fifo), "unlink");
	must(close_range((unsigned)source + 1, ~0u, 0), "close_range");
	for (int i = 0; i < AFTER; i++) {
		int fd = fcntl(source, F_DUPFD_CLOEXEC, 0);

		must(fd, "fcntl");
		must(close(fd), "close");
	}
	must(close(source), "close");
	must(close(sockets[0]), "close");
	must(close(sockets[1]), "close");
	printf("EXPECT-TOTAL fcntl %d %d\nALLOW map-leaked\nEXPECT-NONE\n", AFTER, AFTER);
	return 0;
}
