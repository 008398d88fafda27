/* SPDX-License-Identifier: MIT */
/* A segment gets a second name by link() and loses its first: what is left has the second name. */
#include "scenario.h"

int main(void)
{
	const char *name = scenario_name("shm_linked");
	char from[128], to[128];
	int fd = make_segment(name);

	snprintf(from, sizeof(from), "/dev/shm%s", name);
	snprintf(to, sizeof(to), "/dev/shm%s-second", name);
	must(link(from, to), "link");
	must(unlink(from), "unlink");
	printf("EXPECT shm-leaked %s-second\n", name + 1);
	printf("EXPECT shm-leaked never removed\n");
	must(close(fd), "close");
	return 0;
}
