/* SPDX-License-Identifier: MIT */
/*
 * A child makes a segment and sends its descriptor; the parent, which received
 * it, maps it and removes the name, as the last holder does in PyTorch's
 * file_system strategy.  Somebody removed it, so nothing leaks.
 */
#include "pass.h"

int main(void)
{
	const char *name = scenario_name("shm_removed_by_receiver");
	int ends[2], fd;
	pid_t child;
	char *at;

	printf("LOOKALIKE shm-unlinked-in-use\n");
	printf("EXPECT-NONE\n");
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), "socketpair");
	child = must_fork();
	if (child == 0) {
		fd = make_segment(name);
		if (pwrite(fd, "from the child", 15, 0) != 15)
			die("pwrite");
		send_fds(ends[1], &fd, 1);
		_exit(0);
	}
	must(close(ends[1]), "close");
	if (receive_fds(ends[0], &fd, 0, NULL) != 1)
		die("no descriptor came");
	must_wait(child);
	at = map_shared(fd, SCENARIO_SIZE);
	if (strcmp(at, "from the child") != 0)
		die("the child's words did not arrive");
	must(shm_unlink(name), "shm_unlink");
	must(munmap(at, SCENARIO_SIZE), "munmap");
	must(close(fd), "close");
	must(close(ends[0]), "close");
	return 0;
}
