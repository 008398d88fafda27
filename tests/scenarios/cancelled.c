/* SPDX-License-Identifier: MIT */
/*
 * Threads are cancelled in open (of a fifo that nobody writes to), accept, recvmsg, sendmsg
 * and close.  A hook that kept a mark across the real call would be deaf in a thread that
 * never came back; a close that was cancelled has closed nothing (pthreads(7)): the number
 * is still open, and still known.  What succeeded and what was closed is counted exactly.
 */
#include <mqueue.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "scenario.h"

#define ROUNDS 60

static atomic_int opened, closed;
static int sockets[2], listener, source, segment;
static char fifo[80], queue[80];

static void give_back(void *fd)
{
	if (*(int *)fd >= 0 && close(*(int *)fd) == 0)
		closed++;
}

static void block_in_open(int *fd) { *fd = open(fifo, O_RDONLY | O_CLOEXEC); }

static void block_in_accept(int *fd) { *fd = accept(listener, NULL, NULL); }

static void block_in_recvmsg(int *fd)
{
	char byte;
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	(void)fd;
	recvmsg(sockets[0], &message, 0);
}

/* Until nothing fits any more. */
static void block_in_sendmsg(int *fd)
{
	static char bytes[65536];
	struct iovec part = { bytes, sizeof(bytes) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	(void)fd;
	for (;;)
		sendmsg(sockets[0], &message, 0);
}

static void cancelled_in_close(int *fd)
{
	int mine = fcntl(segment, F_DUPFD_CLOEXEC, 0);

	(void)fd;
	must(mine, "fcntl");
	pthread_cancel(pthread_self());
	close(mine);
	die("close was not cancelled");
}

static void block_in_mqueue(int *fd)
{
	mqd_t mine = mq_open(queue, O_RDWR | O_CREAT, 0600, NULL);

	(void)fd;
	if (mine >= 0)
		mq_close(mine);
}

static void (*const blocks[])(int *) = {
	block_in_open, block_in_accept, block_in_recvmsg, block_in_sendmsg, cancelled_in_close, block_in_mqueue,
};

/* Before the call and after it, each thread gets something that must be known. */
static void *run(void *which)
{
	int fd = -1, before = dup(source);

	must(before, "dup");
	opened++;
	pthread_cleanup_push(give_back, &before);
	pthread_cleanup_push(give_back, &fd);
	blocks[*(unsigned *)which](&fd);
	if (fd >= 0)
		opened++;
	for (;;)
		pause();
	pthread_cleanup_pop(0);
	pthread_cleanup_pop(0);
	return NULL;
}

int main(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	unsigned count = sizeof(blocks) / sizeof(blocks[0]);
	void *result;

	scenario_begin();
	snprintf(fifo, sizeof(fifo), "/tmp/tshm-test-cancelled-%d", (int)getpid());
	snprintf(queue, sizeof(queue), "/tshm-test-cancelled-%d", (int)getpid());
	must(mkfifo(fifo, 0600), "mkfifo");
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), "socketpair");
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(bind(listener, (struct sockaddr *)&address, sizeof(address.sun_family)), "bind");
	must(listen(listener, 1), "listen");
	source = open("/dev/null", O_RDONLY | O_CLOEXEC);
	segment = make_memfd();
	for (unsigned i = 0; i < ROUNDS * count; i++) {
		unsigned which = i % count;
		pthread_t thread;

		if (pthread_create(&thread, NULL, run, &which) != 0)
			die("pthread_create");
		for (unsigned k = 0; k < i % 7; k++)	/* early, late, and in the middle */
			sched_yield();
		pthread_cancel(thread);
		if (pthread_join(thread, &result) != 0 || result != PTHREAD_CANCELED)
			die("a thread was not cancelled");
	}
	mq_unlink(queue);
	must(unlink(fifo), "unlink");
	if (opened != closed)
		die("%d were opened and %d closed", opened, closed);
	must(close(source), "close");
	must(close(listener), "close");
	must(close(sockets[0]), "close");
	must(close(sockets[1]), "close");
	must(close(segment), "close");
	printf("EXPECT-TOTAL dup %d %d\nEXPECT fd-leaked %d descriptors\n", opened, closed, ROUNDS);
	return 0;
}
