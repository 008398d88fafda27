/* SPDX-License-Identifier: MIT */
/*
 * Calls that look as if they made a descriptor and make none: signalfd() of one that is there, dup2() of one
 * to itself.  And open() with O_CREAT of what exists makes no name: it stays its maker's.
 */
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "scenario.h"

static void accept_two(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	socklen_t size = sizeof(sa_family_t);
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), ends[4];

	must(listener, "socket");
	must(bind(listener, (struct sockaddr *)&name, size), "bind");
	must(listen(listener, 2), "listen");
	size = sizeof(name);
	must(getsockname(listener, (struct sockaddr *)&name, &size), "getsockname");
	for (int i = 0; i < 2; i++) {
		must(ends[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
		must(connect(ends[i], (struct sockaddr *)&name, size), "connect");
	}
	must(ends[2] = accept(listener, NULL, NULL), "accept");
	must(ends[3] = accept4(listener, NULL, NULL, SOCK_CLOEXEC), "accept4");
	for (int i = 0; i < 4; i++)
		must(close(ends[i]), "close");
	must(close(listener), "close");
}

int main(void)
{
	const char *path = scenario_path("fd_not_new");
	sigset_t mask;
	int fd;

	printf("EXPECT-NONE\n");
	printf("EXPECT-TOTAL signalfd 1 1\nEXPECT-TOTAL dup2 0 0\nEXPECT-TOTAL accept 1 1\nEXPECT-TOTAL accept4 1 1\n");
	sigemptyset(&mask);
	must(fd = signalfd(-1, &mask, SFD_CLOEXEC), "signalfd");
	sigaddset(&mask, SIGUSR1);
	if (signalfd(fd, &mask, 0) != fd || dup2(fd, fd) != fd)
		die("another number");
	must(close(fd), "close");
	accept_two();
	for (int i = 0; i < 8; i++) {
		must(fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600), "open");
		must(close(fd), "close");
	}
	must(unlink(path), "unlink");
	return 0;
}
