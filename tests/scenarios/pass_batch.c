/* SPDX-License-Identifier: MIT */
/* Three messages in one call, three memfds in each: nine descriptors come by one recvmmsg() and are closed. */
#include "pass.h"

#define MESSAGES 3
#define EACH 3

static void prepare(struct mmsghdr *m, union pass_control *control, struct iovec *iov, int fd)
{
	struct cmsghdr *c;

	*m = (struct mmsghdr){ .msg_hdr = { .msg_iov = iov, .msg_iovlen = 1, .msg_control = control->bytes,
					    .msg_controllen = CMSG_SPACE(EACH * sizeof(int)) } };
	c = CMSG_FIRSTHDR(&m->msg_hdr);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(EACH * sizeof(int));
	for (int i = 0; i < EACH; i++)
		memcpy(CMSG_DATA(c) + (size_t)i * sizeof(int), &fd, sizeof(int));
}

int main(void)
{
	union pass_control control[MESSAGES] = { 0 };
	struct mmsghdr messages[MESSAGES];
	char byte = 'x';
	struct iovec iov = { &byte, 1 };
	int ends[2], fd;

	scenario_begin();
	printf("EXPECT-NONE\nEXPECT-TOTAL recvmmsg 9 9\n");
	must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), "socketpair");
	fd = make_memfd();
	for (int i = 0; i < MESSAGES; i++)
		prepare(&messages[i], &control[i], &iov, fd);
	if (sendmmsg(ends[0], messages, MESSAGES, 0) != MESSAGES)
		die("sendmmsg");
	if (recvmmsg(ends[1], messages, MESSAGES, MSG_CMSG_CLOEXEC, NULL) != MESSAGES)
		die("recvmmsg");
	for (int i = 0; i < MESSAGES; i++) {
		int got[EACH];

		memcpy(got, CMSG_DATA(CMSG_FIRSTHDR(&messages[i].msg_hdr)), sizeof(got));
		for (int k = 0; k < EACH; k++)
			must(close(got[k]), "close");
	}
	must(close(fd), "close");
	must(close(ends[0]), "close");
	must(close(ends[1]), "close");
	return 0;
}
