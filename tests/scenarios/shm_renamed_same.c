/* SPDX-License-Identifier: MIT */
/* Two names of one file are renamed to each other, which leaves both (rename(2)); one of them is never removed. */
#include "scenario.h"

int main(void)
{
	const char *name = scenario_name("shm_renamed_same");
	char one[128], two[128];
	int fd = make_segment(name);

	snprintf(one, sizeof(one), "/dev/shm%s", name);
	snprintf(two, sizeof(two), "/dev/shm%s-two", name);
	must(link(one, two), "link");
	must(rename(one, two), "rename");
	must(unlink(two), "unlink");
	printf("LOOKALIKE shm-appeared\n");
	printf("EXPECT shm-leaked %s\n", name + 1);
	printf("EXPECT-FRAME shm-leaked make_segment\n");
	must(close(fd), "close");
	return 0;
}
