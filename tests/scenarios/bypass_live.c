/* SPDX-License-Identifier: MIT */
/*
 * A child that outlives the command holds memfds, a segment and mappings that nobody saw it take, and
 * numbers whose memfd and event it closed unseen.  The kernel tells of what it has; where that came from is not known.
 */
#include <poll.h>
#include <sys/eventfd.h>

#include "bypass.h"
#include "scenario.h"

static void hold(const char *path, int ready)
{
	struct pollfd end = { .fd = 0, .events = POLLIN };
	int stale = eventfd(0, EFD_CLOEXEC), fd = make_memfd();

	must((int)inline_call(SYS_close, fd, 0, 0, 0), "close");
	must((int)inline_call(SYS_close, stale, 0, 0, 0), "close");
	if (inline_call(SYS_openat, AT_FDCWD, (long)"/dev/null", O_RDONLY | O_CLOEXEC, 0) != stale)
		die("another number");
	must(fd = (int)inline_call(SYS_memfd_create, (long)"tshm-test-inline", MFD_CLOEXEC, 0, 0), "memfd_create");
	must((int)inline_call(SYS_ftruncate, fd, SCENARIO_SIZE, 0, 0), "ftruncate");
	map_shared(fd, SCENARIO_SIZE);
	must((int)inline_call(SYS_memfd_create, (long)"tshm-test-inline", MFD_CLOEXEC, 0, 0), "memfd_create");
	must((int)inline_call(SYS_openat, AT_FDCWD, (long)path, O_RDWR | O_CREAT | O_EXCL, 0600), "openat");
	must(close(1), "close");	/* what the driver reads lies in /dev/shm, too */
	must(close(2), "close");
	must((int)write(ready, "x", 1), "write");
	poll(&end, 1, 60000);
	must(unlink(path), "unlink");
	_exit(0);
}

int main(void)
{
	const char *path = scenario_path("bypass_live");
	struct stat st;
	int ready[2];
	char byte;

	if (fstat(0, &st) != 0 || !S_ISFIFO(st.st_mode))
		skip("standard input is not a pipe");
	printf("EXPECT-NONE\nEXPECT-LIVE memfd 2\nEXPECT-LIVE eventfd 0\nEXPECT-UNKNOWN memfd 2\nEXPECT-UNKNOWN segment 1\n");
	must(pipe2(ready, O_CLOEXEC), "pipe2");
	if (must_fork() == 0)
		hold(path, ready[1]);
	must(close(ready[1]), "close");
	must((int)read(ready[0], &byte, 1), "read");
	return 0;
}
