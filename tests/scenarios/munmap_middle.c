/* SPDX-License-Identifier: MIT */
/* Sixteen shared pages: the middle is unmapped first, then both ends.  Ten times over. */
#include "scenario.h"

int main(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	scenario_begin();
	printf("EXPECT-NONE\n");
	for (int i = 0; i < 10; i++) {
		int fd = make_memfd();
		char *at;

		must(ftruncate(fd, (off_t)(16 * page)), "ftruncate");
		at = map_shared(fd, 16 * page);
		must(close(fd), "close");
		must(munmap(at + 4 * page, 8 * page), "munmap of the middle");
		at[0] = at[15 * page] = 'x';
		must(munmap(at, 4 * page), "munmap of the begin");
		must(munmap(at + 12 * page, 4 * page), "munmap of the end");
	}
	return 0;
}
