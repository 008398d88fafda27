/* SPDX-License-Identifier: MIT */
/* Ten segments: the descriptor is closed as soon as it is mapped and the name removed; unmapped at the end. */
#include "scenario.h"

#define COUNT 10

int main(void)
{
	const char *name = scenario_name("close_before_munmap");
	char *at[COUNT];

	printf("EXPECT-NONE\n");
	for (int i = 0; i < COUNT; i++) {
		int fd = make_segment(name);

		at[i] = map_shared(fd, SCENARIO_SIZE);
		must(close(fd), "close");
		must(shm_unlink(name), "shm_unlink");
		at[i][0] = 'x';
	}
	for (int i = 0; i < COUNT; i++)
		must(munmap(at[i], SCENARIO_SIZE), "munmap");
	return 0;
}
