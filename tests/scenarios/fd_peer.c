/* SPDX-License-Identifier: MIT */
/* A descriptor of the process at the other end: asked for (SO_PEERPIDFD), and sent with every message (SCM_PIDFD). */
#include <sys/socket.h>

#include "scenario.h"

#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD 76
#define SO_PEERPIDFD 77
#endif

static int receive_pidfd(int socket)
{
	union { char bytes[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control;
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes,
				  .msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *c;
	int fd;

	must((int)recvmsg(socket, &message, 0), "recvmsg");
	c = CMSG_FIRSTHDR(&message);
	if (!c)
		die("no descriptor came");
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

int main(void)
{
	int ends[2], fd, on = 1;
	socklen_t size = sizeof(fd);

	scenario_begin();
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), "socketpair");
	if (getsockopt(ends[0], SOL_SOCKET, SO_PEERPIDFD, &fd, &size) != 0)
		skip("no SO_PEERPIDFD here");
	must(close(fd), "close");
	printf("EXPECT-NONE\nEXPECT-TOTAL getsockopt 1 1\n");
	must(setsockopt(ends[1], SOL_SOCKET, SO_PASSPIDFD, &on, sizeof(on)), "setsockopt");
	must((int)write(ends[0], "x", 1), "write");
	fd = receive_pidfd(ends[1]);
	must(close(fd), "close");
	printf("EXPECT-TOTAL recvmsg 1 1\n");
	must(close(ends[0]), "close");
	must(close(ends[1]), "close");
	return 0;
}
