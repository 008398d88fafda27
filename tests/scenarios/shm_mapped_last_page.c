/* SPDX-License-Identifier: MIT */
/*
 * Mappings that reach past the last byte, but not past the last page; one that was unmapped before
 * its object was shrunk; and one that was larger than its object, which grew.
 */
#include "scenario.h"

static int sized(off_t size)
{
	int fd = make_memfd();

	must(ftruncate(fd, size), "ftruncate");
	return fd;
}

int main(void)
{
	int fd;

	scenario_begin();
	printf("LOOKALIKE shm-mapped-beyond-end\n");
	printf("EXPECT-NONE\n");
	map_shared(sized(5000), 8192);
	fd = sized(SCENARIO_SIZE);
	must(munmap(map_shared(fd, SCENARIO_SIZE), SCENARIO_SIZE), "munmap");
	must(ftruncate(fd, 0), "ftruncate");
	fd = sized(0);
	map_shared(fd, SCENARIO_SIZE);
	must(ftruncate(fd, SCENARIO_SIZE), "ftruncate");
	return 0;
}
