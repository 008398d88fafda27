/* SPDX-License-Identifier: MIT */
/* "/dev/shm/" and a name that begins with a slash: one segment, told of once, by the name that everybody has for it. */
#include "scenario.h"

int main(void)
{
	const char *name = scenario_name("shm_slashes");
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/dev/shm/%s", name);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	must(fd, "open");
	printf("LOOKALIKE shm-appeared\n");
	printf("EXPECT shm-leaked /dev/shm%s\n", name);
	must(close(fd), "close");
	return 0;
}
