/* SPDX-License-Identifier: MIT */
/* A process sends itself more objects than its ledger has room for to tell which went where. */
#include "pass.h"

int main(void)
{
	int ends[2];

	scenario_begin();
	printf("EXPECT ledger-full transfers of\n");
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), "socketpair");
	for (int i = 0; i < 3000; i++) {
		int fd = memfd_create("tshm-test", MFD_CLOEXEC), got;

		must(fd, "memfd_create");
		send_fds(ends[0], &fd, 1);
		if (receive_fds(ends[1], &got, 0, NULL) != 1)
			die("no descriptor came");
		must(close(fd), "close");
		must(close(got), "close");
	}
	must(close(ends[0]), "close");
	must(close(ends[1]), "close");
	return 0;
}
