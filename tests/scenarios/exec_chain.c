/* SPDX-License-Identifier: MIT */
/* A process executes itself three times; only the last of its four images makes a segment, and leaves it. */
#include "scenario.h"

int main(int argc, char **argv)
{
	int number = argc > 1 ? atoi(argv[1]) : 0;
	char next[16];

	if (number == 0)
		scenario_begin();
	if (number < 3) {
		snprintf(next, sizeof(next), "%d", number + 1);
		execl("/proc/self/exe", argv[0], next, (char *)NULL);
		die("execl");
	}
	const char *name = scenario_name("exec_chain");
	int fd = make_segment(name);

	printf("EXPECT shm-leaked %s\n", name + 1);
	printf("EXPECT shm-leaked never removed\n");
	must(close(fd), "close");
	return 0;
}
