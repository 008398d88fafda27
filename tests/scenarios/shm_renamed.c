/* SPDX-License-Identifier: MIT */
/* A segment is made under one name, renamed, and left: the report must speak of the new name. */
#include "scenario.h"

int main(void)
{
	const char *name = scenario_name("shm_renamed");
	char from[128], to[128];
	int fd = make_segment(name);

	snprintf(from, sizeof(from), "/dev/shm%s", name);
	snprintf(to, sizeof(to), "/dev/shm%s-final", name);
	must(rename(from, to), "rename");
	printf("LOOKALIKE shm-appeared\n");
	printf("EXPECT shm-leaked %s-final\n", name + 1);
	printf("EXPECT shm-leaked never removed\n");
	must(close(fd), "close");
	return 0;
}
