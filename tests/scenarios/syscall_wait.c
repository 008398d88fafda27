/* SPDX-License-Identifier: MIT */
/* Who waits by syscall(SYS_waitid), and does not ask how it ended: that the child was killed is known all the same. */
#include <signal.h>
#include <sys/syscall.h>

#include "scenario.h"

int main(void)
{
	const char *name = scenario_name("syscall_wait");
	pid_t child = must_fork();

	if (child == 0) {
		make_segment(name);
		kill(getpid(), SIGKILL);
	}
	printf("EXPECT shm-leaked %s\n", name + 1);
	printf("EXPECT shm-leaked killed by SIGKILL) and was never removed\n");
	must((int)syscall(SYS_waitid, P_PID, child, NULL, WEXITED, NULL), "waitid");
	return 0;
}
