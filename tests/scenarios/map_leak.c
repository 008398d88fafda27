/* SPDX-License-Identifier: MIT */
/* Eight memfds are mapped and their descriptors closed, but nobody unmaps them. */
#include "scenario.h"

__attribute__((noinline)) static void map_one(void)
{
	int fd = make_memfd();

	map_shared(fd, SCENARIO_SIZE);
	must(close(fd), "close");
}

int main(void)
{
	scenario_begin();
	printf("EXPECT map-leaked 8 shared mappings\n");
	for (int i = 0; i < 8; i++)
		map_one();
	return 0;
}
