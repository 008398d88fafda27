/* SPDX-License-Identifier: MIT */
/* A directory, a FIFO and a socket in /dev/shm are renamed, and linked: no segments, whoever may read them. */
#include <sys/socket.h>
#include <sys/un.h>

#include "scenario.h"

static char from[80], to[90];

static void rename_and_link(const char *what)
{
	must(chmod(from, 0777), what);
	must(rename(from, to), what);
	if (link(to, from) == 0)	/* not of a directory */
		must(unlink(from), what);
	must(remove(to), what);
}

int main(void)
{
	const char *name = scenario_name("shm_renamed_other");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	snprintf(from, sizeof(from), "/dev/shm%s", name);
	snprintf(to, sizeof(to), "/dev/shm%s-final", name);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", from);
	printf("LOOKALIKE shm-exposed\n");
	printf("EXPECT-NONE\n");
	must(mkdir(from, 0777), "mkdir");
	rename_and_link("directory");
	must(mkfifo(from, 0666), "mkfifo");
	rename_and_link("FIFO");
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(fd, "socket");
	must(bind(fd, (struct sockaddr *)&address, sizeof(address)), "bind");
	rename_and_link("socket");
	must(close(fd), "close");
	return 0;
}
