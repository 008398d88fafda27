/* SPDX-License-Identifier: MIT */
/* A segment made by plain open() in /dev/shm, without shm_open(), and left. */
#include "scenario.h"

int main(void)
{
	const char *path = scenario_path("shm_by_open");
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	must(fd, "open");
	must(ftruncate(fd, SCENARIO_SIZE), "ftruncate");
	printf("EXPECT shm-leaked %s\n", strrchr(path, '/') + 1);
	printf("EXPECT shm-leaked never removed\n");
	must(close(fd), "close");
	return 0;
}
