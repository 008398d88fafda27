/* SPDX-License-Identifier: MIT */
/* Much of everything, but no more than a ledger has room for. */
#include "pass.h"

int main(void)
{
	const char *name = scenario_name("ledger_room");
	int ends[2];

	printf("LOOKALIKE history-lost\n");
	printf("LOOKALIKE ledger-full\n");
	printf("EXPECT-NONE\n");
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), "socketpair");
	for (int i = 0; i < 900; i++) {
		int fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600), got;

		must(fd, "shm_open");
		send_fds(ends[0], &fd, 1);
		if (receive_fds(ends[1], &got, 0, NULL) != 1)
			die("no descriptor came");
		must(close(fd), "close");
		must(close(got), "close");
		must(shm_unlink(name), "shm_unlink");
	}
	must(close(ends[0]), "close");
	must(close(ends[1]), "close");
	return 0;
}
