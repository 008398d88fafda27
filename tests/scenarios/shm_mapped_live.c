/* SPDX-License-Identifier: MIT */
/*
 * A child that outlives the command, as in shm_live_holder, has a segment mapped that its parent
 * shrinks: whenever it comes to touch what is no more, it dies.
 */
#include <poll.h>

#include "scenario.h"

int main(void)
{
	const char *name = scenario_name("shm_mapped_live");
	struct stat st;
	int fd, ready[2];
	char byte;

	if (fstat(0, &st) != 0 || !S_ISFIFO(st.st_mode))
		skip("standard input is not a pipe");
	printf("EXPECT shm-mapped-beyond-end a mapping of segment /dev/shm%s in\n", name);
	printf("EXPECT shm-mapped-beyond-end reaches 60.0 KiB past its end (it was shrunk to 4.0 KiB): SIGBUS for who touches it\n");
	must(pipe2(ready, O_CLOEXEC), "pipe2");
	fd = make_segment(name);
	if (must_fork() == 0) {
		struct pollfd end = { .fd = 0, .events = POLLIN };

		must(close(1), "close");	/* or who reads our output would wait for us */
		map_shared(fd, SCENARIO_SIZE);
		must(close(fd), "close");
		must((int)write(ready[1], "x", 1), "write");
		poll(&end, 1, 60000);		/* a minute at most, should nobody close it */
		must(shm_unlink(name), "shm_unlink");
		_exit(0);
	}
	must((int)read(ready[0], &byte, 1), "read");
	must(ftruncate(fd, 4096), "ftruncate");
	must(close(fd), "close");
	return 0;
}
