/* SPDX-License-Identifier: MIT */
/*
 * MSG_CTRUNC, and yet no descriptor is lost: who looks at a message (MSG_PEEK) without room gets its descriptors
 * when he takes it; and what did not fit was the sender's pidfd (SO_PASSPIDFD).
 */
#include <sys/socket.h>

#include "scenario.h"

#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD 76
#endif

static int pair[2];
static union { char bytes[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control;

static int receive(size_t room, int flags)
{
	char byte;
	struct iovec part = { &byte, 1 };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = room };

	if (recvmsg(pair[1], &m, flags | MSG_CMSG_CLOEXEC) != 1)
		die("recvmsg");
	return m.msg_flags & MSG_CTRUNC;
}

static void send_one(int fd)
{
	char byte = 'f';
	struct iovec part = { &byte, 1 };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };
	struct cmsghdr *c;

	if (fd >= 0) {
		m.msg_control = control.bytes;
		m.msg_controllen = sizeof(control.bytes);
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(int));
	}
	if (sendmsg(pair[0], &m, 0) != 1)
		die("sendmsg");
}

int main(void)
{
	int fd, on = 1;

	scenario_begin();
	printf("LOOKALIKE fd-lost-in-transit\n");
	printf("EXPECT-NONE\n");
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), "socketpair");
	send_one(0);
	if (!receive(0, MSG_PEEK))
		die("MSG_CTRUNC is not there");
	if (receive(sizeof(control.bytes), 0))
		die("MSG_CTRUNC");
	memcpy(&fd, CMSG_DATA(&control.align), sizeof(int));
	must(close(fd), "close of what came");
	if (setsockopt(pair[1], SOL_SOCKET, SO_PASSPIDFD, &on, sizeof(on)) == 0) {	/* Linux 6.5 */
		send_one(-1);
		if (!receive(0, 0))
			die("MSG_CTRUNC is not there");
	}
	must(close(pair[0]), "close");
	must(close(pair[1]), "close");
	return 0;
}
