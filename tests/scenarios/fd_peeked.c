/* SPDX-License-Identifier: MIT */
/*
 * Looking at a message (MSG_PEEK) installs its descriptors, and taking it installs
 * them again.  This program knows that and closes both sets, eight times.
 */
#include "pass.h"

int main(void)
{
	int ends[2], fds[2], got[PASS_MAX];

	scenario_begin();
	printf("LOOKALIKE fd-lost-in-transit\n");
	printf("EXPECT-NONE\n");
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), "socketpair");
	fds[0] = make_memfd();
	fds[1] = make_memfd();
	for (int round = 0; round < 8; round++) {
		send_fds(ends[0], fds, 2);
		for (int take = 0; take < 2; take++) {
			if (receive_fds(ends[1], got, take ? 0 : MSG_PEEK, NULL) != 2)
				die("not two");
			must(close(got[0]), "close");
			must(close(got[1]), "close");
		}
	}
	must(close(fds[0]), "close");
	must(close(fds[1]), "close");
	must(close(ends[0]), "close");
	must(close(ends[1]), "close");
	return 0;
}
