/* SPDX-License-Identifier: MIT */
/*
 * Two memfds go to a child in one message over a socket, and the child's two come
 * back in one message.  Both sides map what they got, look at it, and close all.
 */
#include <sys/socket.h>

#include "scenario.h"

static void send_two(int socket, const int fds[2])
{
	union { char bytes[CMSG_SPACE(2 * sizeof(int))]; struct cmsghdr align; } control;
	char byte = 'x';
	struct iovec iov = { &byte, 1 };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes,
				  .msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *c;

	memset(&control, 0, sizeof(control));
	c = CMSG_FIRSTHDR(&message);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(2 * sizeof(int));
	memcpy(CMSG_DATA(c), fds, 2 * sizeof(int));
	must((int)sendmsg(socket, &message, 0), "sendmsg");
}

static void receive_two(int socket, int fds[2])
{
	union { char bytes[CMSG_SPACE(2 * sizeof(int))]; struct cmsghdr align; } control;
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes,
				  .msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *c;

	if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != 1)
		die("recvmsg");
	c = CMSG_FIRSTHDR(&message);
	if (!c || c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(2 * sizeof(int)))
		die("two descriptors were sent, others came");
	memcpy(fds, CMSG_DATA(c), 2 * sizeof(int));
}

static void look_at_and_close(const int fds[2], char expected)
{
	for (int i = 0; i < 2; i++) {
		char *at = map_shared(fds[i], SCENARIO_SIZE);

		if (at[0] != expected)
			die("found %d instead of %d", at[0], expected);
		must(munmap(at, SCENARIO_SIZE), "munmap");
		must(close(fds[i]), "close");
	}
}

static void make_and_send(int socket, char content)
{
	int fds[2] = { make_memfd(), make_memfd() };

	for (int i = 0; i < 2; i++)
		if (pwrite(fds[i], &content, 1, 0) != 1)
			die("pwrite");
	send_two(socket, fds);
	must(close(fds[0]), "close");
	must(close(fds[1]), "close");
}

int main(void)
{
	int ends[2], got[2];
	pid_t child;

	scenario_begin();
	printf("LOOKALIKE fd-lost-in-transit\n");
	printf("EXPECT-NONE\n");
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), "socketpair");
	child = must_fork();
	must(close(ends[child == 0 ? 0 : 1]), "close");
	if (child == 0) {
		receive_two(ends[1], got);
		look_at_and_close(got, 'p');
		make_and_send(ends[1], 'c');
		_exit(0);
	}
	make_and_send(ends[0], 'p');
	receive_two(ends[0], got);
	look_at_and_close(got, 'c');
	must(close(ends[0]), "close");
	must_wait(child);
	return 0;
}
