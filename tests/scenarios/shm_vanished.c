/* SPDX-License-Identifier: MIT */
/* The owner removes a segment's name before its peer has attached to it; the peer gives up. */
#include "scenario.h"

__attribute__((noinline)) static void attach(const char *name)
{
	_exit(shm_open(name, O_RDWR, 0) < 0 && errno == ENOENT ? 3 : 0);
}

int main(void)
{
	const char *name = scenario_name("shm_vanished");
	int fd = make_segment(name), status;
	pid_t child;

	printf("EXPECT shm-vanished shm_open of segment /dev/shm%s failed in\n", name);
	printf("EXPECT shm-vanished its creator \n");
	printf("EXPECT-FRAME shm-vanished attach main\n");
	must(shm_unlink(name), "shm_unlink");
	must(close(fd), "close");
	child = must_fork();
	if (child == 0)
		attach(name);
	if (waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 3)
		die("the child found the name");
	return 0;
}
