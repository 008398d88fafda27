/* SPDX-License-Identifier: MIT */
/*
 * A segment is cut short and grown again, by its descriptor and by its name, while it is mapped: the mapping is
 * as long as ever, and one munmap ends it.  What is left is told with the size that it has in the end.
 */
#include "scenario.h"

int main(void)
{
	const char *name = scenario_name("size_mapped");
	int fd = make_segment(name);
	char path[128];

	snprintf(path, sizeof(path), "/dev/shm%s", name);
	printf("EXPECT-TOTAL mmap 8 8\n");
	printf("EXPECT shm-leaked (12.0 KiB)\n");
	for (int i = 0; i < 8; i++) {
		void *at = map_shared(fd, SCENARIO_SIZE);

		must(ftruncate(fd, 0), "ftruncate");
		must(truncate(path, 2 * SCENARIO_SIZE), "truncate");
		must(ftruncate(fd, 12288), "ftruncate");
		must(munmap(at, SCENARIO_SIZE), "munmap");
	}
	must(close(fd), "close");
	return 0;
}
