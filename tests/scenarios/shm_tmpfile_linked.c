/* SPDX-License-Identifier: MIT */
/*
 * Files without a name in /dev/shm are given one afterwards: by /proc/self/fd/N, and, where that
 * is allowed, by the descriptor itself.  The names are left: they are this program's.
 */
#include "scenario.h"

static int make_nameless(void)
{
	int fd = open("/dev/shm", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);

	if (fd < 0)
		skip("no O_TMPFILE here");
	must(ftruncate(fd, SCENARIO_SIZE), "ftruncate");
	return fd;
}

int main(void)
{
	const char *name = scenario_name("shm_tmpfile_linked");
	char from[64], to[128];
	int fd = make_nameless();

	snprintf(from, sizeof(from), "/proc/self/fd/%d", fd);
	snprintf(to, sizeof(to), "/dev/shm%s-path", name);
	must(linkat(AT_FDCWD, from, AT_FDCWD, to, AT_SYMLINK_FOLLOW), "linkat");
	must(close(fd), "close");
	printf("EXPECT shm-leaked %s-path\n", name + 1);
	printf("EXPECT-FRAME shm-leaked make_nameless main\n");
	fd = make_nameless();
	snprintf(to, sizeof(to), "/dev/shm%s-empty", name);
	if (linkat(fd, "", AT_FDCWD, to, AT_EMPTY_PATH) == 0)	/* needs CAP_DAC_READ_SEARCH */
		printf("EXPECT shm-leaked %s-empty\n", name + 1);
	must(close(fd), "close");
	return 0;
}
