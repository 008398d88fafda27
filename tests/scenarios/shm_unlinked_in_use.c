/* SPDX-License-Identifier: MIT */
/* A process that only attached removes the name while its owner still uses it: the next peer finds nothing. */
#include "scenario.h"

__attribute__((noinline)) static void remove_it(const char *name)
{
	int fd = shm_open(name, O_RDWR, 0);

	must(fd, "shm_open");
	must(close(fd), "close");
	must(shm_unlink(name), "shm_unlink");
	_exit(0);
}

int main(void)
{
	const char *name = scenario_name("shm_unlinked_in_use");
	int fd = make_segment(name), status;
	void *at = map_shared(fd, SCENARIO_SIZE);
	pid_t child;

	printf("EXPECT shm-unlinked-in-use segment /dev/shm%s (64.0 KiB), created by\n", name);
	printf("EXPECT shm-unlinked-in-use while its creator used it; later it was missed by\n");
	printf("EXPECT-FRAME shm-unlinked-in-use remove_it main\n");
	printf("EXPECT shm-vanished %s\n", name + 1);
	must(close(fd), "close");
	child = must_fork();
	if (child == 0)
		remove_it(name);
	must_wait(child);
	child = must_fork();
	if (child == 0)
		_exit(shm_open(name, O_RDWR, 0) < 0 ? 3 : 0);
	if (waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 3)
		die("the second child found the name");
	must(munmap(at, SCENARIO_SIZE), "munmap");
	if (shm_unlink(name) == 0)
		die("the name was there");
	return 0;
}
