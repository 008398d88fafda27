/* SPDX-License-Identifier: MIT */
/* A path in /dev/shm that leads out of it, by a symbolic link and by "..": plain files, which may stay. */
#include "scenario.h"

static void make(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	must(fd, "open");
	must(close(fd), "close");
}

int main(void)
{
	const char *name = scenario_name("shm_leads_away");
	char folder[128], link[128], path[256];
	struct stat shm, tmp;

	if (stat("/dev/shm", &shm) != 0 || stat("/tmp", &tmp) != 0 || shm.st_dev == tmp.st_dev)
		skip("/tmp is not elsewhere");
	printf("LOOKALIKE shm-leaked\n");
	printf("EXPECT-NONE\n");
	snprintf(folder, sizeof(folder), "/tmp%s", name);
	snprintf(link, sizeof(link), "/dev/shm%s", name);
	must(mkdir(folder, 0700), "mkdir");
	must(symlink(folder, link), "symlink");
	snprintf(path, sizeof(path), "%s/one", link);
	make(path);
	printf("# left %s/one\n", folder);
	snprintf(path, sizeof(path), "/dev/shm/../..%s/two", folder);
	make(path);
	printf("# left %s/two\n", folder);
	return 0;	/* the link is removed by the driver, as all names of this pid */
}
