/* SPDX-License-Identifier: MIT */
/*
 * Mappings go piece by piece: first the middle, then the end, then the beginning;
 * and once three neighbours by a single munmap over them all.
 */
#include "scenario.h"

#define PART (SCENARIO_SIZE / 4)

static void three_at_once(int fd)
{
	char *at = mmap(NULL, 3 * SCENARIO_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		die("mmap");
	for (int i = 0; i < 3; i++)
		if (mmap(at + i * SCENARIO_SIZE, SCENARIO_SIZE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED)
			die("mmap");
	must(munmap(at, 3 * SCENARIO_SIZE), "munmap");
}

int main(void)
{
	int fd;

	scenario_begin();
	printf("LOOKALIKE map-leaked\n");
	printf("EXPECT-NONE\n");
	fd = make_memfd();
	for (int i = 0; i < 10; i++) {
		char *at = map_shared(fd, SCENARIO_SIZE);

		must(munmap(at + PART, PART), "munmap of the middle");
		must(munmap(at + 2 * PART, 2 * PART), "munmap of the end");
		must(munmap(at, PART), "munmap of the beginning");
		three_at_once(fd);
	}
	must(close(fd), "close");
	return 0;
}
