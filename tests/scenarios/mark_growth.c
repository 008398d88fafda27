/* SPDX-License-Identifier: MIT */
/*
 * A loop leaks one memfd in ten, and so does that of a second process: a mark around 100 rounds says 10,
 * with the line, for each.  What was open before the mark, or is closed within it, is no growth.
 */
#include "scenario.h"
#include "tshm.h"

__attribute__((noinline)) static int next_frame(void)
{
	int fd = make_memfd();

	return fd;
}

__attribute__((noinline)) static void run_rounds(const char *mark)
{
	tshm_mark_begin(mark);
	for (int i = 0; i < 100; i++) {
		int fd = next_frame();

		if (i % 10)
			must(close(fd), "close");
	}
	if (tshm_active() && (tshm_mark_growth(mark, TSHM_WHAT_SEGMENTS) != 10 || tshm_leak_check(mark, 5) != 10))
		die("growth is %ld", tshm_mark_growth(mark, TSHM_WHAT_SEGMENTS));
	tshm_mark_end(mark);
}

int main(void)
{
	pid_t child;
	int before;

	scenario_begin();
	printf("EXPECT fd-growth 10 more descriptors of segments and memfds were live at the end of mark \"rounds\"\n");
	printf("EXPECT fd-growth 10 more descriptors of segments and memfds were live at the end of mark \"of the child\"\n");
	printf("EXPECT-FRAME fd-growth next_frame run_rounds\n");
	printf("ALLOW fd-leaked\n");
	before = next_frame();
	child = must_fork();
	if (child == 0) {
		run_rounds("of the child");
		_exit(0);
	}
	run_rounds("rounds");
	must_wait(child);
	must(close(before), "close");
	return 0;
}
