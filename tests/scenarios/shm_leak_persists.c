/* SPDX-License-Identifier: MIT */
/*
 * A program opens a segment or makes it if need be (O_CREAT without O_EXCL) and
 * leaves it: perhaps meant to stay, so tshm only says that it persists.
 */
#include "scenario.h"

int main(void)
{
	const char *name = scenario_name("shm_leak_persists");
	int fd = shm_open(name, O_RDWR | O_CREAT, 0600);

	must(fd, "shm_open");
	must(ftruncate(fd, SCENARIO_SIZE), "ftruncate");
	printf("EXPECT shm-leaked persists\n");
	must(close(fd), "close");
	return 0;
}
