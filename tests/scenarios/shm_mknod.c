/* SPDX-License-Identifier: MIT */
/* Two segments are made by mknod() and mknodat(), which open nothing, and are left. */
#include "scenario.h"

int main(void)
{
	const char *name = scenario_name("shm_mknod");
	char path[128];
	int at = open("/dev/shm", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	must(at, "open");
	snprintf(path, sizeof(path), "/dev/shm%s-first", name);
	must(mknod(path, S_IFREG | 0600, 0), "mknod");
	snprintf(path, sizeof(path), "%s-second", name + 1);
	must(mknodat(at, path, S_IFREG | 0600, 0), "mknodat");
	must(close(at), "close");
	printf("EXPECT shm-leaked %s-first\n", name + 1);
	printf("EXPECT shm-leaked %s-second\n", name + 1);
	printf("EXPECT shm-leaked never removed\n");
	return 0;
}
