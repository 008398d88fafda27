/* SPDX-License-Identifier: MIT */
/* A program makes a segment that can only be its own (O_EXCL) and ends without removing the name. */
#include "scenario.h"

int main(void)
{
	const char *name = scenario_name("shm_leak");
	int fd = make_segment(name);

	printf("EXPECT shm-leaked %s\n", name + 1);
	printf("EXPECT shm-leaked never removed\n");
	must(close(fd), "close");
	return 0;
}
