/* SPDX-License-Identifier: MIT */
/* File systems as descriptors: each is made once and closed once. */
#include <sched.h>
#include <sys/fanotify.h>
#include <sys/mount.h>

#include "scenario.h"

static int take(int fd, const char *call)
{
	if (fd >= 0)
		printf("EXPECT-TOTAL %s 1 1\n", call);
	return fd;
}

static void let_go(int fd)
{
	if (fd >= 0)
		must(close(fd), "close");
}

int main(void)
{
	int fs, mount;

	scenario_begin();
	printf("EXPECT-NONE\n");
	let_go(take(fanotify_init(FAN_CLOEXEC | FAN_REPORT_FID, O_RDONLY), "fanotify_init"));
	let_go(take(open_tree(AT_FDCWD, "/", OPEN_TREE_CLOEXEC), "open_tree"));
	let_go(take(fspick(AT_FDCWD, "/", FSPICK_CLOEXEC), "fspick"));
	fs = take(fsopen("tmpfs", FSOPEN_CLOEXEC), "fsopen");
	if (fs < 0)
		return 0;	/* needs CAP_SYS_ADMIN */
	must(fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0), "fsconfig");
	mount = take(fsmount(fs, FSMOUNT_CLOEXEC, 0), "fsmount");
	let_go(fs);
	let_go(mount);
	return 0;
}
