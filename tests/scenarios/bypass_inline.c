/* SPDX-License-Identifier: MIT */
/*
 * Descriptors are closed by instructions of the program's own, and their numbers are used again, in
 * the same way.  All records of the closed ones are stale, and none is believed: neither of
 * memfds whose numbers are other memfds now, nor of pipes, sockets and events whose numbers
 * are files.  A segment that is made so is told of, but not as this program's.
 */
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "bypass.h"
#include "scenario.h"

#define COUNT 8

static void again(int fd, int how)
{
	must((int)inline_call(SYS_close, fd, 0, 0, 0), "close");
	if (how == 0)
		must((int)inline_call(SYS_memfd_create, (long)"tshm-test-other", MFD_CLOEXEC, 0, 0), "memfd_create");
	else
		must((int)inline_call(SYS_openat, AT_FDCWD, (long)"/dev/null", O_RDONLY | O_CLOEXEC, 0), "openat");
}

int main(void)
{
	const char *path = scenario_path("bypass_inline");
	int fds[2];

	printf("EXPECT shm-appeared %s\n", path + 9);
	printf("EXPECT-NO fd-leaked\nEXPECT-NO fd-open-at-exit pipe\nEXPECT-NO fd-open-at-exit socket\n");
	printf("EXPECT-NO fd-open-at-exit eventfd\nEXPECT-NO fd-bad-close\n");
	for (int i = 0; i < COUNT; i++)
		again(make_memfd(), 0);
	for (int i = 0; i < COUNT; i++) {
		must(pipe2(fds, O_CLOEXEC), "pipe2");
		again(fds[0], 1);
		again(fds[1], 1);
		must(fds[0] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
		again(fds[0], 1);
		must(fds[0] = eventfd(0, EFD_CLOEXEC), "eventfd");
		again(fds[0], 1);
	}
	must((int)inline_call(SYS_openat, AT_FDCWD, (long)path, O_RDWR | O_CREAT | O_EXCL, 0600), "openat");
	return 0;
}
