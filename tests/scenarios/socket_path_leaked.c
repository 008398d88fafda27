/* SPDX-License-Identifier: MIT */
/* A server binds a socket to a path and ends without removing it: the next one could not bind there. */
#include <sys/socket.h>
#include <sys/un.h>

#include "scenario.h"

int main(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	scenario_begin();
	must(fd, "socket");
	snprintf(address.sun_path, sizeof(address.sun_path), "/tmp/tshm-test-socket_path_leaked-%d", (int)getpid());
	must(bind(fd, (struct sockaddr *)&address, sizeof(address)), "bind");
	printf("# left %s\n", address.sun_path);
	printf("EXPECT socket-path-leaked %s was bound by\n", address.sun_path);
	must(listen(fd, 1), "listen");
	must(close(fd), "close");
	return 0;
}
