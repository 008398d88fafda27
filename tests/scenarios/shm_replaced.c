/* SPDX-License-Identifier: MIT */
/*
 * Publishing by rename: each new version is written under a private name and
 * renamed over the public one, which the program removes at the end.  The old
 * versions went with the rename; nothing leaks.
 */
#include "scenario.h"

int main(void)
{
	const char *name = scenario_name("shm_replaced");
	char fresh[128], final[128];

	printf("LOOKALIKE shm-leaked\n");
	printf("LOOKALIKE shm-appeared\n");
	printf("EXPECT-NONE\n");
	snprintf(final, sizeof(final), "/dev/shm%s", name);
	snprintf(fresh, sizeof(fresh), "/dev/shm%s-new", name);
	for (int version = 0; version < 8; version++) {
		int fd = open(fresh, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

		must(fd, "open");
		must(ftruncate(fd, SCENARIO_SIZE), "ftruncate");
		must(close(fd), "close");
		must(rename(fresh, final), "rename");
	}
	must(unlink(final), "unlink");
	return 0;
}
