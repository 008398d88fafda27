/* SPDX-License-Identifier: MIT */
/*
 * A program that does everything by syscall(): what it acquires is as many as what it lets go of,
 * and what close-on-exec it has, the program that it becomes does not get.
 */
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "pass.h"

static int made;

static int take(long number, long a, long b, long c, long d, long e)
{
	long fd = syscall(number, a, b, c, d, e, 0L);

	if (fd < 0)
		return -1;
	made++;
	return (int)fd;
}

static void let_go(int fd)
{
	if (fd >= 0)
		must((int)syscall(SYS_close, fd), "close");
}

static void pass(int fd)
{
	union pass_control control = { .bytes = { 0 } };
	char byte = 'x';
	struct iovec iov = { &byte, 1 };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes,
				  .msg_controllen = CMSG_SPACE(sizeof(int)) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&message);
	int ends[2], got;

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	must((int)syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), "socketpair");
	must((int)syscall(SYS_sendmsg, ends[0], &message, 0), "sendmsg");
	must((int)syscall(SYS_recvmsg, ends[1], &message, MSG_CMSG_CLOEXEC), "recvmsg");
	memcpy(&got, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(got));
	made += 3;
	let_go(got);
	let_go(ends[0]);
	let_go(ends[1]);
}

static void map(int fd)
{
	long page = sysconf(_SC_PAGESIZE);

	for (int i = 0; i < 8; i++) {
		long at = syscall(SYS_mmap, 0L, page, PROT_READ, MAP_SHARED, fd, 0L);

		if (at == -1)
			die("mmap");
		at = syscall(SYS_mremap, at, page, 2 * page, MREMAP_MAYMOVE, 0L);
		if (at == -1)
			die("mremap");
		must((int)syscall(SYS_munmap, at, 2 * page), "munmap");
		made += 2;	/* what grew is let go of and taken anew */
	}
}

/* A terminal's other end, and a process at the other end of a socket. */
static void ask(void)
{
	int ends[2], unlocked = 0, fd, master = take(SYS_openat, AT_FDCWD, (long)"/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC, 0, 0);
	socklen_t size = sizeof(fd);

	if (master >= 0 && syscall(SYS_ioctl, master, TIOCSPTLCK, &unlocked) == 0)
		let_go(take(SYS_ioctl, master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC, 0, 0));
	let_go(master);
	must((int)syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), "socketpair");
	made += 2;
	if (syscall(SYS_getsockopt, ends[0], SOL_SOCKET, 77 /* SO_PEERPIDFD */, &fd, &size) == 0) {
		made++;
		let_go(fd);
	}
	let_go(ends[0]);
	let_go(ends[1]);
}

static void scarce(void)
{
	/* perf_event_open: attr of this size, all zeros: a hardware counter; may be forbidden. */
	static uint32_t attr[32] = { 1, 128 };
	static char ring[256];

	let_go(take(SYS_userfaultfd, O_CLOEXEC | 1, 0, 0, 0, 0));
	let_go(take(SYS_perf_event_open, (long)attr, 0, -1, -1, 8));
	let_go(take(SYS_io_uring_setup, 4, (long)ring, 0, 0, 0));
	let_go(take(447 /* memfd_secret */, O_CLOEXEC, 0, 0, 0, 0));
}

int main(void)
{
	static char program[] = "true";
	static char *const argv[] = { program, NULL };
	extern char **environ;
	int pipe[2], memfd;

	scenario_begin();
	memfd = take(SYS_memfd_create, (long)"tshm-test", MFD_CLOEXEC, 0, 0, 0);
	must(memfd, "memfd_create");
	must((int)syscall(SYS_ftruncate, memfd, 8192L), "ftruncate");
	must((int)syscall(SYS_pipe2, pipe, O_CLOEXEC), "pipe2");
	made += 2;
	let_go(take(SYS_dup, memfd, 0, 0, 0, 0));
	let_go(take(SYS_dup3, memfd, 90, O_CLOEXEC, 0, 0));
	let_go(take(SYS_fcntl, memfd, F_DUPFD_CLOEXEC, 80, 0, 0));
	let_go(take(SYS_openat, AT_FDCWD, (long)"/dev/null", O_RDONLY | O_CLOEXEC, 0, 0));
	let_go(take(SYS_signalfd4, -1, (long)(char[8]){ 0 }, 8, O_CLOEXEC, 0));
#ifdef SYS_dup2
	let_go(take(SYS_open, (long)"/dev/null", O_RDONLY | O_CLOEXEC, 0, 0, 0));
	let_go(take(SYS_dup2, memfd, 91, 0, 0, 0));
#endif
	pass(memfd);
	map(memfd);
	ask();
	scarce();
	let_go(pipe[0]);
	let_go(pipe[1]);
	let_go(memfd);
	printf("EXPECT-NONE\nEXPECT-TOTAL syscall %d %d\n", made + 8, made);
	for (int i = 0; i < 8; i++)
		must((int)syscall(SYS_memfd_create, "tshm-test", MFD_CLOEXEC), "memfd_create");
	syscall(SYS_execve, "/bin/true", argv, environ);
	die("execve");
}
