/* SPDX-License-Identifier: MIT */
/*
 * Eight mappings are made and only their second halves unmapped: eight halves are
 * left.  Nothing of them is covered or moved, so the report must count eight.
 */
#include "scenario.h"

__attribute__((noinline)) static void map_one(int fd)
{
	char *at = map_shared(fd, SCENARIO_SIZE);

	must(munmap(at + SCENARIO_SIZE / 2, SCENARIO_SIZE / 2), "munmap of the second half");
}

int main(void)
{
	int fd;

	scenario_begin();
	printf("EXPECT map-leaked 8 shared mappings\n");
	fd = make_memfd();
	for (int i = 0; i < 8; i++)
		map_one(fd);
	must(close(fd), "close");
	return 0;
}
