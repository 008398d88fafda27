/* SPDX-License-Identifier: MIT */
/* The same descriptor is closed in two places. */
#include "scenario.h"

__attribute__((noinline)) static void finish(int fd)
{
	if (close(fd) == 0 || errno != EBADF)
		die("the second close succeeded");
}

int main(void)
{
	int fd;

	scenario_begin();
	fd = make_memfd();
	printf("EXPECT fd-bad-close close of descriptor %d\n", fd);
	must(close(fd), "close");
	finish(fd);
	return 0;
}
