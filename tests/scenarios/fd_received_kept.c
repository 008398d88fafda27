/* SPDX-License-Identifier: MIT */
/*
 * A receiver keeps what it gets: nine memfds come over a socket and stay open to
 * the end (list.append(sample) of a PyTorch training loop).  The sender closed its own.
 */
#include "pass.h"

__attribute__((noinline)) static void receive_one(int socket)
{
	int got[PASS_MAX];

	if (receive_fds(socket, got, 0, NULL) != 1)
		die("no descriptor came");
}

int main(void)
{
	int ends[2];
	pid_t child;

	scenario_begin();
	printf("EXPECT fd-leaked 9 descriptors\n");
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), "socketpair");
	child = must_fork();
	if (child == 0) {
		for (int i = 0; i < 9; i++) {
			int fd = make_memfd();

			send_fds(ends[1], &fd, 1);
			must(close(fd), "close");
		}
		must(close(ends[0]), "close");
		must(close(ends[1]), "close");
		_exit(0);
	}
	for (int i = 0; i < 9; i++)
		receive_one(ends[0]);
	must_wait(child);
	must(close(ends[0]), "close");
	must(close(ends[1]), "close");
	return 0;
}
