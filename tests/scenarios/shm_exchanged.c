/* SPDX-License-Identifier: MIT */
/*
 * Two segments swap their names (RENAME_EXCHANGE), then one name is removed.  What
 * is left was made by the second call and has the first one's name.
 */
#include "scenario.h"

#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE 2
#endif

__attribute__((noinline)) static void make_second(const char *name)
{
	must(close(make_segment(name)), "close");
}

int main(void)
{
	const char *name = scenario_name("shm_exchanged");
	char second[96], path[2][128];

	snprintf(second, sizeof(second), "%s-second", name);
	snprintf(path[0], sizeof(path[0]), "/dev/shm%s", name);
	snprintf(path[1], sizeof(path[1]), "/dev/shm%s", second);
	must(close(make_segment(name)), "close");
	make_second(second);
	if (renameat2(AT_FDCWD, path[0], AT_FDCWD, path[1], RENAME_EXCHANGE) != 0) {
		int error = errno;

		shm_unlink(name);
		shm_unlink(second);
		errno = error;
		if (error == ENOSYS || error == EINVAL)
			skip("no RENAME_EXCHANGE here");
		die("renameat2");
	}
	must(shm_unlink(second), "shm_unlink");
	printf("EXPECT shm-leaked %s (\n", name + 1);
	printf("EXPECT shm-leaked never removed\n");
	return 0;
}
