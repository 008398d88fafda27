/* SPDX-License-Identifier: MIT */
/*
 * A small program of several processes, as many are: a parent hands batches and
 * frames to its workers.  It shares memory in two ways, and does both well:
 *     share_counters  a MAP_SHARED mapping that the workers inherit over fork
 *     send_page       a memfd, passed over a socket by SCM_RIGHTS
 * It leaks in three ways, and ends with status 0 nevertheless:
 *     make_batch      a worker makes a segment that nobody unlinks
 *     start_workers   a named semaphore that is closed, but never unlinked
 *     cache_frames    descriptors of frames that nobody closes
 * Nothing fails, nothing is printed: only the machine remembers.  Run ./demo.
 */
#include <fcntl.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKERS 2
#define FRAMES 8
#define PAGE_SIZE ((size_t)4096)
#define BATCH_SIZE ((size_t)(1 << 20))

struct counters {
	atomic_int batches;
	atomic_int pages;
};

static char sem_name[64], batch_name[64];

__attribute__((noreturn)) static void die(const char *what)
{
	perror(what);
	_exit(99);
}

/* ---- shared well ---- */

static struct counters *share_counters(void)
{
	void *shared = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (shared == MAP_FAILED)
		die("mmap");
	return shared;
}

/* A control message with room for one descriptor, and the byte that travels with it. */
struct message {
	struct msghdr header;
	struct iovec data;
	char byte;
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
};

static void message_begin(struct message *message)
{
	memset(message, 0, sizeof(*message));
	message->data.iov_base = &message->byte;
	message->data.iov_len = 1;
	message->header.msg_iov = &message->data;
	message->header.msg_iovlen = 1;
	message->header.msg_control = message->control;
	message->header.msg_controllen = sizeof(message->control);
}

static void send_page(int socket)
{
	struct message message;
	struct cmsghdr *control;
	int fd = memfd_create("tshm-demo-page", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, (off_t)PAGE_SIZE) != 0)
		die("memfd");
	message_begin(&message);
	control = CMSG_FIRSTHDR(&message.header);
	control->cmsg_level = SOL_SOCKET;
	control->cmsg_type = SCM_RIGHTS;
	control->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(control), &fd, sizeof(fd));
	if (sendmsg(socket, &message.header, 0) != 1)
		die("sendmsg");
	close(fd);
}

static void receive_page(int socket, struct counters *counters)
{
	struct message message;
	void *page;
	int fd;

	message_begin(&message);
	if (recvmsg(socket, &message.header, MSG_CMSG_CLOEXEC) != 1 || !CMSG_FIRSTHDR(&message.header))
		die("recvmsg");
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message.header)), sizeof(fd));
	page = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		die("mmap");
	close(fd);
	memset(page, 1, PAGE_SIZE);
	munmap(page, PAGE_SIZE);
	atomic_fetch_add(&counters->pages, 1);
}

/* ---- leaked ---- */

/* Leak 1: the batch is mapped, filled and unmapped; its name stays, and so does its memory. */
static void make_batch(struct counters *counters)
{
	int fd = shm_open(batch_name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	void *batch;

	if (fd < 0 || ftruncate(fd, (off_t)BATCH_SIZE) != 0)
		die("shm_open");
	batch = mmap(NULL, BATCH_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (batch == MAP_FAILED)
		die("mmap");
	close(fd);
	memset(batch, 2, BATCH_SIZE);
	munmap(batch, BATCH_SIZE);
	atomic_fetch_add(&counters->batches, 1);
}

/* Leak 3: every frame was drawn and unmapped, but its descriptor keeps it. */
static void cache_frames(void)
{
	for (int i = 0; i < FRAMES; i++) {
		int fd = memfd_create("tshm-demo-frame", MFD_CLOEXEC);

		if (fd < 0 || ftruncate(fd, (off_t)PAGE_SIZE) != 0)
			die("memfd");
	}
}

__attribute__((noreturn)) static void work(int number, int socket, sem_t *turn, struct counters *counters)
{
	receive_page(socket, counters);
	close(socket);
	sem_wait(turn);
	if (number == 0)
		make_batch(counters);
	sem_post(turn);
	sem_close(turn);
	munmap(counters, PAGE_SIZE);
	exit(0);
}

/* Leak 2: the semaphore is closed at the end, never unlinked. */
static void start_workers(struct counters *counters)
{
	sem_t *turn = sem_open(sem_name, O_CREAT | O_EXCL, 0600, 1);
	int status, failed = 0;

	if (turn == SEM_FAILED)
		die("sem_open");
	for (int i = 0; i < WORKERS; i++) {
		int ends[2];

		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
			die("socketpair");
		switch (fork()) {
		case -1:
			die("fork");
		case 0:
			close(ends[0]);
			work(i, ends[1], turn, counters);
		default:
			close(ends[1]);
			send_page(ends[0]);
			close(ends[0]);
		}
	}
	while (wait(&status) > 0)
		failed |= status;
	sem_close(turn);
	if (failed)
		_exit(98);
}

int main(int argc, char **argv)
{
	int number = argc > 1 ? atoi(argv[1]) : (int)getpid();	/* of the names */
	struct counters *counters;

	snprintf(sem_name, sizeof(sem_name), "/tshm-demo-turn-%d", number);
	snprintf(batch_name, sizeof(batch_name), "/tshm-demo-batch-%d", number);
	counters = share_counters();
	start_workers(counters);
	cache_frames();
	printf("demo: %d workers, %d pages passed, %d batch made\n", WORKERS,
		atomic_load(&counters->pages), atomic_load(&counters->batches));
	munmap(counters, PAGE_SIZE);
	return 0;
}
