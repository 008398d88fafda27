/* SPDX-License-Identifier: MIT */
/* Many descriptors of several kinds, all closed by one close_range() call. */
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "scenario.h"

int main(void)
{
	int pair[2];

	scenario_begin();
	printf("LOOKALIKE fd-open-at-exit\n");
	printf("EXPECT-NONE\n");
	for (int i = 0; i < 20; i++) {
		make_memfd();
		must(open("/dev/null", O_RDONLY | O_CLOEXEC), "open");
		must(eventfd(0, EFD_CLOEXEC), "eventfd");
		must(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
		must(pipe2(pair, O_CLOEXEC), "pipe2");
		must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), "socketpair");
	}
	if (close_range(3, ~0U, 0) != 0) {
		if (errno == ENOSYS)
			skip("this kernel has no close_range");
		die("close_range");
	}
	if (fcntl(3, F_GETFD) != -1)
		die("3 is still open");
	return 0;
}
