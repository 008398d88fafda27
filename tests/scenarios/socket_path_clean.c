/* SPDX-License-Identifier: MIT */
/*
 * Sockets that leave no path: one is removed by who bound it, one that was bound by a relative path
 * by a child, one goes with a rename, and two have names that are no paths.
 */
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "scenario.h"

static int bound(const char *path, size_t size)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	must(fd, "socket");
	memcpy(address.sun_path, path, size);
	must(bind(fd, (struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size)), "bind");
	return fd;
}

int main(void)
{
	char path[64], other[96], *relative;
	pid_t child;

	scenario_begin();
	printf("LOOKALIKE socket-path-leaked\n");
	printf("EXPECT-NONE\n");
	snprintf(path, sizeof(path), "/tmp/tshm-test-socket_path_clean-%d", (int)getpid());
	snprintf(other, sizeof(other), "%s-renamed", path);
	must(close(bound(path, strlen(path))), "close");	/* without the NUL, as unix(7) allows */
	must(unlink(path), "unlink");
	must(chdir("/tmp"), "chdir");
	relative = strrchr(path, '/') + 1;
	must(close(bound(relative, strlen(relative) + 1)), "close");
	child = must_fork();
	if (child == 0)
		_exit(unlink(path) != 0);
	must_wait(child);
	must(close(bound(path, strlen(path) + 1)), "close");
	must(rename(path, other), "rename");
	must(unlink(other), "unlink");
	bound("\0tshm-test-abstract", 19);	/* these stay open to the end */
	bound("", 0);
	return 0;
}
