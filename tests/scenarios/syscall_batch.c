/* SPDX-License-Identifier: MIT */
/* Descriptors that syscall(SYS_sendmmsg) and syscall(SYS_recvmmsg) pass: what arrives and is kept is told of. */
#include <sys/socket.h>
#include <sys/syscall.h>

#include "scenario.h"

static long pass(long number, int socket, int *fd)
{
	char byte = 'b';
	struct iovec part = { &byte, 1 };
	union { char bytes[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control = { { 0 } };
	struct mmsghdr m = { .msg_hdr = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes,
					  .msg_controllen = sizeof(control.bytes) } };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m.msg_hdr);
	long result;

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), fd, sizeof(int));
	result = syscall(number, socket, &m, 1, 0, NULL);
	memcpy(fd, CMSG_DATA(c), sizeof(int));
	return result;
}

int main(void)
{
	int pair[2];

	scenario_begin();
	printf("EXPECT fd-leaked 20 descriptors of memfds\n");
	printf("EXPECT-FRAME fd-leaked pass\n");
	must(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair), "socketpair");
	for (int i = 0; i < 20; i++) {
		int fd = make_memfd(), sent = fd;

		if (pass(SYS_sendmmsg, pair[0], &sent) != 1)
			die("sendmmsg");
		must(close(fd), "close");
		if (pass(SYS_recvmmsg, pair[1], &fd) != 1)
			die("recvmmsg");
	}
	must(close(pair[0]), "close");
	must(close(pair[1]), "close");
	return 0;
}
