/* SPDX-License-Identifier: MIT */
/*
 * mremap() with an old size of 0 maps shared pages a second time; with a new size
 * it moves or shrinks them.  Every mapping is unmapped where it lies in the end.
 */
#include "scenario.h"

int main(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	scenario_begin();
	printf("EXPECT-NONE\n");
	for (int i = 0; i < 10; i++) {
		int fd = make_memfd();
		char *first = map_shared(fd, 4 * page), *second, *moved;

		must(close(fd), "close");
		second = mremap(first, 0, 4 * page, MREMAP_MAYMOVE);
		if (second == MAP_FAILED)
			die("mremap to duplicate");
		first[0] = 'x';
		if (second[0] != 'x')
			die("the two do not share");
		moved = mremap(second, 4 * page, 8 * page, MREMAP_MAYMOVE);
		if (moved == MAP_FAILED || mremap(first, 4 * page, page, 0) != first)
			die("mremap to grow and shrink");
		must(munmap(first, page), "munmap");
		must(munmap(moved, 8 * page), "munmap");
	}
	return 0;
}
