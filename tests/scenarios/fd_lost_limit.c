/* SPDX-License-Identifier: MIT */
/*
 * Four descriptors are sent to a process that may open only two more: the kernel
 * installs two and sets MSG_CTRUNC.  (PyTorch's "received 0 items of ancdata".)
 */
#include <sys/resource.h>

#include "pass.h"

int main(void)
{
	struct rlimit limit;
	int ends[2], fds[4], got[PASS_MAX], count, flags;

	scenario_begin();
	printf("EXPECT fd-lost-in-transit\n");
	printf("ALLOW limit-hit\n");
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), "socketpair");
	for (int i = 0; i < 4; i++)
		fds[i] = make_memfd();
	send_fds(ends[0], fds, 4);
	for (int i = 0; i < 4; i++)
		must(close(fds[i]), "close");
	limit.rlim_cur = limit.rlim_max = (rlim_t)fds[2];	/* fds[0] and fds[1] are free */
	must(setrlimit(RLIMIT_NOFILE, &limit), "setrlimit");
	count = receive_fds(ends[1], got, 0, &flags);
	if (count != 2 || !(flags & MSG_CTRUNC))
		die("%d came, flags %x", count, (unsigned)flags);
	for (int i = 0; i < count; i++)
		must(close(got[i]), "close");
	must(close(ends[0]), "close");
	must(close(ends[1]), "close");
	return 0;
}
