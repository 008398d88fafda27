/* SPDX-License-Identifier: MIT */
/* A private mapping is put over a shared one with MAP_FIXED: that ends the shared one without munmap(). */
#include "scenario.h"

int main(void)
{
	scenario_begin();
	printf("EXPECT-NONE\n");
	for (int i = 0; i < 10; i++) {
		int fd = make_memfd();
		char *at = map_shared(fd, SCENARIO_SIZE);

		must(close(fd), "close");
		if (mmap(at, SCENARIO_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != at)
			die("mmap over it");
	}
	return 0;
}
