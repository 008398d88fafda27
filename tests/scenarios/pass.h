/* SPDX-License-Identifier: MIT */
/* Descriptors over a socket, for scenarios that pass them. */
#ifndef TSHM_SCENARIO_PASS_H
#define TSHM_SCENARIO_PASS_H

#include <sys/socket.h>

#include "scenario.h"

#define PASS_MAX 32

union pass_control {
	char bytes[CMSG_SPACE(PASS_MAX * sizeof(int))];
	struct cmsghdr align;
};

static inline void send_fds(int socket, const int *fds, int count)
{
	union pass_control control = { .bytes = { 0 } };
	char byte = 'x';
	struct iovec iov = { &byte, 1 };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes,
				  .msg_controllen = CMSG_SPACE((size_t)count * sizeof(int)) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&message);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN((size_t)count * sizeof(int));
	memcpy(CMSG_DATA(c), fds, (size_t)count * sizeof(int));
	must((int)sendmsg(socket, &message, 0), "sendmsg");
}

/* Returns how many came; *flags is the message's flags. */
static inline int receive_fds(int socket, int *fds, int how, int *flags)
{
	union pass_control control;
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes,
				  .msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *c;
	int count;

	if (recvmsg(socket, &message, how | MSG_CMSG_CLOEXEC) != 1)
		die("recvmsg");
	if (flags)
		*flags = message.msg_flags;
	c = CMSG_FIRSTHDR(&message);
	if (!c || c->cmsg_type != SCM_RIGHTS)
		return 0;
	count = (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
	memcpy(fds, CMSG_DATA(c), (size_t)count * sizeof(int));
	return count;
}

#endif
