/* SPDX-License-Identifier: MIT */
/* A segment whose name mkstemp() chose in /dev/shm (NCCL makes its segments like this), left. */
#include "scenario.h"

int main(void)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s-XXXXXX", scenario_path("shm_mkstemp"));
	fd = mkstemp(path);
	must(fd, "mkstemp");
	must(ftruncate(fd, SCENARIO_SIZE), "ftruncate");
	printf("EXPECT shm-leaked %s\n", strrchr(path, '/') + 1);
	printf("EXPECT shm-leaked never removed\n");
	must(close(fd), "close");
	return 0;
}
