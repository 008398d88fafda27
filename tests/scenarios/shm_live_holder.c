/* SPDX-License-Identifier: MIT */
/*
 * A child outlives the command and holds a segment whose name is left, until it
 * reads the end of file on its standard input, a pipe that the driver closes
 * after tshm-run has returned.  So the segment is not leaked: it is live.
 */
#include <poll.h>
#include <signal.h>

#include "scenario.h"

int main(void)
{
	const char *name = scenario_name("shm_live_holder");
	struct stat st;
	int fd, ready[2];
	char byte;

	if (fstat(0, &st) != 0 || !S_ISFIFO(st.st_mode))
		skip("standard input is not a pipe");
	printf("EXPECT shm-leaked live\n");
	must(pipe2(ready, O_CLOEXEC), "pipe2");
	fd = make_segment(name);
	if (must_fork() == 0) {
		struct pollfd end = { .fd = 0, .events = POLLIN };

		must(close(1), "close");	/* or who reads our output would wait for us */
		must((int)write(ready[1], "x", 1), "write");
		poll(&end, 1, 60000);		/* a minute at most, should nobody close it */
		must(shm_unlink(name), "shm_unlink");
		_exit(0);
	}
	must((int)read(ready[0], &byte, 1), "read");
	must(close(fd), "close");
	return 0;
}
