/* SPDX-License-Identifier: MIT */
/*
 * Three descriptors are sent, but the receiver's control buffer holds one: the
 * kernel drops the other two and sets MSG_CTRUNC, which this receiver ignores.
 */
#include <sys/socket.h>

#include "scenario.h"

static void send_three(int socket)
{
	union { char bytes[CMSG_SPACE(3 * sizeof(int))]; struct cmsghdr align; } control;
	int fds[3] = { make_memfd(), make_memfd(), make_memfd() };
	char byte = 'x';
	struct iovec iov = { &byte, 1 };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes,
				  .msg_controllen = CMSG_LEN(3 * sizeof(int)) };
	struct cmsghdr *c;

	memset(&control, 0, sizeof(control));
	c = CMSG_FIRSTHDR(&message);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(3 * sizeof(int));
	memcpy(CMSG_DATA(c), fds, sizeof(fds));
	must((int)sendmsg(socket, &message, 0), "sendmsg");
	for (int i = 0; i < 3; i++)
		must(close(fds[i]), "close");
}

int main(void)
{
	union { char bytes[CMSG_LEN(sizeof(int))]; struct cmsghdr align; } control;
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes,
				  .msg_controllen = CMSG_LEN(sizeof(int)) };
	int ends[2], got;

	scenario_begin();
	printf("EXPECT fd-lost-in-transit\n");
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), "socketpair");
	send_three(ends[0]);
	if (recvmsg(ends[1], &message, MSG_CMSG_CLOEXEC) != 1 || !(message.msg_flags & MSG_CTRUNC))
		die("recvmsg");
	memcpy(&got, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(got));
	must(close(got), "close of the one that came");
	must(close(ends[0]), "close");
	must(close(ends[1]), "close");
	return 0;
}
