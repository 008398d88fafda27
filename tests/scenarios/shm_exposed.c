/* SPDX-License-Identifier: MIT */
/* A segment that every user may read and write; that its name is removed again does not make it better. */
#include "scenario.h"

int main(void)
{
	const char *name = scenario_name("shm_exposed");
	int fd;

	umask(0);
	fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0666);
	must(fd, "shm_open");
	must(ftruncate(fd, SCENARIO_SIZE), "ftruncate");
	printf("EXPECT shm-exposed %s, created by\n", name + 1);
	printf("EXPECT shm-exposed may be read and written by every user (mode 0666)\n");
	must(shm_unlink(name), "shm_unlink");
	must(close(fd), "close");
	return 0;
}
