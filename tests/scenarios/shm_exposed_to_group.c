/* SPDX-License-Identifier: MIT */
/*
 * Names that other users may not open: one is for its group, one was closed to others before it was
 * anything, and one that all may write to lies in a directory that only its owner may search.
 */
#include "scenario.h"

int main(void)
{
	char directory[128], path[160];
	const char *name = scenario_name("shm_exposed_to_group");
	int fd;

	printf("LOOKALIKE shm-exposed\n");
	printf("EXPECT-NONE\n");
	umask(0);
	fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0660);
	must(fd, "shm_open");
	must(shm_unlink(name), "shm_unlink");
	must(close(fd), "close");
	snprintf(directory, sizeof(directory), "/dev/shm%s-d", name);
	snprintf(path, sizeof(path), "%s/all", directory);
	must(mkdir(directory, 0700), "mkdir");
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	must(fd, "open");
	must(unlink(path), "unlink");
	must(rmdir(directory), "rmdir");
	must(close(fd), "close");
	return 0;
}
