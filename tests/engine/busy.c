/* SPDX-License-Identifier: MIT */
#include "busy.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define OWN 6		/* objects a thread has at most */
#define POOL 24		/* descriptors that all have in common: one makes, another closes */
#define PAGE 4096
#define PAGES 16

struct object {
	int fd, other;		/* other: the one duplicate, or -1 */
	bool mapped;		/* or cannot be */
	char *at;
	unsigned pages, hole, hole_end;	/* others may map what lies in the hole, and behind the end */
};

struct thread {
	unsigned long random;
	struct object own[OWN];
	volatile unsigned long *rounds;
};

static atomic_int pool[POOL];

static void die(const char *what)
{
	perror(what);
	_exit(99);
}

static void shut(int *fd)
{
	if (*fd >= 0 && close(*fd) != 0)
		die("close");
	*fd = -1;
}

static unsigned pick(struct thread *t, unsigned below)
{
	t->random = t->random * 6364136223846793005ul + 1442695040888963407ul;
	return (unsigned)(t->random >> 33) % below;
}

static void make(struct thread *t, struct object *o)
{
	int fds[2] = { -1, -1 };

	switch (pick(t, 5)) {
	case 0:
		if (pipe2(fds, O_CLOEXEC) != 0)
			die("pipe2");
		break;
	case 1:
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
			die("socketpair");
		break;
	case 2:
		fds[0] = socket(AF_UNIX, SOCK_DGRAM, 0);
		break;
	default:
		fds[0] = memfd_create("busy", MFD_CLOEXEC);
		if (fds[0] >= 0 && ftruncate(fds[0], (off_t)PAGES * PAGE) == 0)
			o->mapped = false;
	}
	if (fds[0] < 0)
		die("a new object");
	o->fd = fds[0];
	o->other = fds[1];
}

/* Another descriptor of the same object: by a number, by name, or through a socket. */
static int through_socket(int fd)
{
	union { char bytes[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control = { { 0 } };
	char byte = 'x';
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes,
				  .msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *h = CMSG_FIRSTHDR(&message);
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		die("socketpair");
	*h = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int)) };
	memcpy(CMSG_DATA(h), &fd, sizeof(fd));
	if (sendmsg(ends[0], &message, 0) != 1 || recvmsg(ends[1], &message, MSG_CMSG_CLOEXEC) != 1)
		die("a message");
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	shut(&ends[0]);
	shut(&ends[1]);
	return fd;
}

static int again(struct thread *t, const struct object *o)
{
	char path[40];

	switch (pick(t, 5)) {
	case 0: return dup(o->fd);
	case 1: return fcntl(o->fd, F_DUPFD_CLOEXEC, 3);
	case 2: return through_socket(o->fd);
	case 3: {
		int to = open("/dev/null", O_RDONLY | O_CLOEXEC);

		return dup3(o->fd, to, O_CLOEXEC);
	}
	default:
		snprintf(path, sizeof(path), "/proc/self/fd/%d", o->fd);
		return o->mapped ? dup(o->fd) : open(path, O_RDONLY | O_CLOEXEC);
	}
}

static void unmap(const struct object *o, unsigned from, unsigned to)
{
	if (to > from && munmap(o->at + from * PAGE, (to - from) * PAGE) != 0)
		die("munmap");
}

static void map(struct thread *t, struct object *o)
{
	o->mapped = true;
	o->pages = PAGES;
	o->at = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, o->fd, 0);
	if (o->at == MAP_FAILED)
		die("mmap");
	switch (pick(t, 3)) {
	case 0:
		o->hole = 1 + pick(t, 6);
		o->hole_end = o->hole + 1 + pick(t, 6);
		unmap(o, o->hole, o->hole_end);
		break;
	case 1:
		o->pages = PAGES / 2;
		o->at = mremap(o->at, PAGES * PAGE, o->pages * PAGE, MREMAP_MAYMOVE);
		if (o->at == MAP_FAILED)
			die("mremap");
	}
}

static void drop(struct object *o)
{
	if (o->at) {
		unmap(o, 0, o->hole);
		unmap(o, o->hole_end, o->pages);
	}
	shut(&o->other);
	shut(&o->fd);
	*o = (struct object){ .fd = -1, .other = -1, .mapped = true };
}

static void one_round(struct thread *t)
{
	struct object *o = &t->own[pick(t, OWN)];

	if (o->fd < 0) {
		o->mapped = true;
		make(t, o);
	} else if (o->other < 0 && pick(t, 2)) {
		o->other = again(t, o);
		if (o->other < 0)
			die("another descriptor");
		if (pick(t, 2))		/* the duplicate goes to whoever takes it */
			o->other = atomic_exchange(&pool[pick(t, POOL)], o->other);
	} else if (!o->mapped && pick(t, 2)) {
		map(t, o);
	} else {
		drop(o);
	}
}

static void *run(void *argument)
{
	struct thread *t = argument;

	for (;;) {
		one_round(t);
		++*t->rounds;
	}
	return NULL;
}

void busy(int progress_fd, int ready_fd)
{
	static struct thread threads[BUSY_THREADS];
	struct busy_progress *p = mmap(NULL, sizeof(*p), PROT_READ | PROT_WRITE, MAP_SHARED, progress_fd, 0);
	pthread_t id;

	if (p == MAP_FAILED)
		die("mmap");
	for (int i = 0; i < POOL; i++)
		pool[i] = -1;
	for (int i = 0; i < BUSY_THREADS; i++) {
		threads[i].random = (unsigned long)getpid() * 1000 + (unsigned long)i;
		threads[i].rounds = &p->rounds[i];
		for (int k = 0; k < OWN; k++)
			threads[i].own[k] = (struct object){ .fd = -1, .other = -1, .mapped = true };
		if (i && pthread_create(&id, NULL, run, &threads[i]) != 0)
			die("pthread_create");
	}
	if (write(ready_fd, "x", 1) != 1)
		die("write");
	run(&threads[0]);
	_exit(98);
}
