/* SPDX-License-Identifier: MIT */
/* Twenty memfds, each dup2'ed over the one before and over itself: dup2 closes what was there. */
#include "scenario.h"

int main(void)
{
	int kept;

	scenario_begin();
	printf("EXPECT-NONE\n");
	kept = make_memfd();
	for (int i = 0; i < 20; i++) {
		int fd = make_memfd();

		if (dup2(fd, kept) != kept || dup2(kept, kept) != kept)
			die("dup2");
		if (dup3(fd, kept, O_CLOEXEC) != kept)
			die("dup3");
		must(close(fd), "close");
	}
	if (dup2(999, kept) != -1 || errno != EBADF)	/* a failed one closes nothing */
		die("dup2 of a number that is not open");
	must(close(kept), "close");
	return 0;
}
