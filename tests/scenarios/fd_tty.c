/* SPDX-License-Identifier: MIT */
/*
 * Terminals come in pairs from one call, and login_tty() closes what it was given and fills 0, 1
 * and 2 with it.  In the end only those three are open, in the children.
 */
#include <pty.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <utmp.h>

#include "scenario.h"

/* Its number is another descriptor's at once: that one is still open when the child ends, and is the only one. */
static void log_in(int master, int slave)
{
	must(close(master), "close");
	must(login_tty(slave), "login_tty");
	if (memfd_create("tshm-test", MFD_CLOEXEC) > slave)
		_exit(1);
	_exit(0);
}

int main(void)
{
	int master, slave, peer;
	pid_t child;

	scenario_begin();
	master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (master < 0)
		skip("no pseudo-terminals here");
	printf("EXPECT-NONE\n");
	must(grantpt(master), "grantpt");
	must(unlockpt(master), "unlockpt");
	peer = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (peer >= 0) {
		must(close(peer), "close");
		printf("EXPECT-TOTAL ioctl 1 1\n");
	}
	must(close(master), "close");
	printf("EXPECT-TOTAL posix_openpt 1 1\n");
	must(master = getpt(), "getpt");
	must(close(master), "close");
	printf("EXPECT-TOTAL getpt 1 1\n");
	must(openpty(&master, &slave, NULL, NULL, NULL), "openpty");
	printf("EXPECT-TOTAL openpty 2 2\n");
	printf("EXPECT-TOTAL login_tty 3 0\n");
	child = must_fork();
	if (child == 0)
		log_in(master, slave);
	must_wait(child);
	must(close(slave), "close");
	must(close(master), "close");
	child = forkpty(&master, NULL, NULL, NULL);
	if (child == 0)
		_exit(0);
	must(child, "forkpty");
	printf("EXPECT-TOTAL forkpty 4 1\n");	/* 0, 1, 2 of the child, and the master here */
	must_wait(child);
	must(close(master), "close");
	return 0;
}
