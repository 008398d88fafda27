/* SPDX-License-Identifier: MIT */
/* A segment is opened eight times by its file handle, without a name, in a child that is killed. */
#include <signal.h>

#include "scenario.h"

static void hold_and_die(const char *path)
{
	union { struct file_handle h; char room[sizeof(struct file_handle) + MAX_HANDLE_SZ]; } handle;
	int mount = open("/dev/shm", O_RDONLY | O_DIRECTORY | O_CLOEXEC), id;

	handle.h.handle_bytes = MAX_HANDLE_SZ;
	if (name_to_handle_at(AT_FDCWD, path, &handle.h, &id, 0) != 0)
		_exit(77);
	for (volatile int i = 0; i < 8; i++)
		if (open_by_handle_at(mount, &handle.h, O_RDWR | O_CLOEXEC) < 0)
			_exit(77);	/* CAP_DAC_READ_SEARCH */
	unlink(path);
	raise(SIGKILL);
}

int main(void)
{
	const char *name = scenario_name("fd_by_handle");
	int fd = make_segment(name), status;
	char path[128];
	pid_t child;

	must(close(fd), "close");
	snprintf(path, sizeof(path), "/dev/shm%s", name);
	printf("EXPECT fd-leaked 8 descriptors of segments\n");
	child = must_fork();
	if (child == 0)
		hold_and_die(path);
	if (waitpid(child, &status, 0) != child)
		die("waitpid");
	if (WIFEXITED(status)) {
		unlink(path);
		skip("no handles of files here");
	}
	return 0;
}
