/* SPDX-License-Identifier: MIT */
/*
 * io_uring opens and closes files without a system call of that name.  Eight memfds are closed through a ring, and
 * a segment is made through it: the former are not believed to be open, the latter appeared.
 */
#include <linux/io_uring.h>
#include <stdint.h>
#include <sys/syscall.h>

#include "scenario.h"

struct ring {
	int fd;
	char *sq, *cq;
	struct io_uring_sqe *entries;
	struct io_uring_params p;
};

static void open_ring(struct ring *r)
{
	memset(&r->p, 0, sizeof(r->p));
	r->fd = (int)syscall(SYS_io_uring_setup, 4, &r->p);
	if (r->fd < 0)
		skip("no io_uring here");
	r->sq = mmap(NULL, r->p.sq_off.array + r->p.sq_entries * sizeof(unsigned), PROT_READ | PROT_WRITE,
		     MAP_SHARED, r->fd, IORING_OFF_SQ_RING);
	r->cq = mmap(NULL, r->p.cq_off.cqes + r->p.cq_entries * sizeof(struct io_uring_cqe), PROT_READ | PROT_WRITE,
		     MAP_SHARED, r->fd, IORING_OFF_CQ_RING);
	r->entries = mmap(NULL, r->p.sq_entries * sizeof(*r->entries), PROT_READ | PROT_WRITE, MAP_SHARED, r->fd,
			  IORING_OFF_SQES);
	if (r->sq == MAP_FAILED || r->cq == MAP_FAILED || r->entries == MAP_FAILED)
		die("mmap of the ring");
}

/* One request and its answer. */
static int ask(struct ring *r, const struct io_uring_sqe *what)
{
	unsigned *tail = (unsigned *)(void *)(r->sq + r->p.sq_off.tail);
	unsigned *head = (unsigned *)(void *)(r->cq + r->p.cq_off.head);
	unsigned at = *tail & (r->p.sq_entries - 1);
	struct io_uring_cqe *answers = (struct io_uring_cqe *)(void *)(r->cq + r->p.cq_off.cqes);
	int result;

	r->entries[at] = *what;
	((unsigned *)(void *)(r->sq + r->p.sq_off.array))[at] = at;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	must((int)syscall(SYS_io_uring_enter, r->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0), "io_uring_enter");
	result = answers[*head & (r->p.cq_entries - 1)].res;
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return result;
}

int main(void)
{
	const char *path = scenario_path("bypass_io_uring");
	int fds[8];
	struct ring ring;
	struct io_uring_sqe open_it = { .opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .addr = (uintptr_t)path,
					.len = 0600, .open_flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC };

	open_ring(&ring);
	printf("EXPECT-NO fd-leaked\nEXPECT shm-appeared %s\n", path + 9);
	for (int i = 0; i < 8; i++)
		fds[i] = make_memfd();
	for (int i = 0; i < 8; i++) {
		struct io_uring_sqe close_it = { .opcode = IORING_OP_CLOSE, .fd = fds[i] };

		must(ask(&ring, &close_it), "IORING_OP_CLOSE");
	}
	must(ask(&ring, &open_it), "IORING_OP_OPENAT");
	return 0;
}
