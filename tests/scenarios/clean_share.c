/* SPDX-License-Identifier: MIT */
/*
 * The proper way to share memory with a child: the parent makes a segment, maps
 * it and forks; the child inherits the mapping and writes into it; the parent
 * reads it, unmaps, closes and removes the name.  Nothing stays.
 */
#include "scenario.h"

int main(void)
{
	const char *name = scenario_name("clean_share");
	int fd = make_segment(name);
	char *shared = map_shared(fd, SCENARIO_SIZE);
	int ready[2];
	pid_t child;
	char byte;

	printf("EXPECT-NONE\n");
	must(pipe2(ready, O_CLOEXEC), "pipe2");
	must(close(fd), "close");
	child = must_fork();
	if (child == 0) {
		strcpy(shared, "written by the child");
		must((int)write(ready[1], "x", 1), "write");
		must(munmap(shared, SCENARIO_SIZE), "munmap");
		_exit(0);
	}
	must(close(ready[1]), "close");
	if (read(ready[0], &byte, 1) != 1 || strcmp(shared, "written by the child") != 0)
		die("the child's words did not arrive");
	must(close(ready[0]), "close");
	must_wait(child);
	must(munmap(shared, SCENARIO_SIZE), "munmap");
	must(shm_unlink(name), "shm_unlink");
	return 0;
}
