/* SPDX-License-Identifier: MIT */
/*
 * A memfd is closed in a way that nobody saw, and its number given to a pipe in one that is seen: the
 * new record takes the old one's place.  And the other way round: closing the number lets go of
 * one record only, whoever it is of.
 */
#include "bypass.h"
#include "scenario.h"

int main(void)
{
	scenario_begin();
	printf("EXPECT-NONE\n");
	printf("EXPECT-TOTAL memfd_create 20 20\n");
	for (int i = 0; i < 10; i++) {
		int fds[2], fd = make_memfd();

		must((int)inline_call(SYS_close, fd, 0, 0, 0), "close");
		must(pipe2(fds, O_CLOEXEC), "pipe2");
		must(close(fds[0]), "close");
		must(close(fds[1]), "close");
		fd = make_memfd();
		must((int)inline_call(SYS_close, fd, 0, 0, 0), "close");
		if (inline_call(SYS_openat, AT_FDCWD, (long)"/dev/null", O_RDONLY, 0) != fd)
			die("another number");
		must(close(fd), "close");
	}
	return 0;
}
