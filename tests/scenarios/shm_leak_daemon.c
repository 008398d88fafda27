/* SPDX-License-Identifier: MIT */
/*
 * The program starts a daemon (two forks, a session of its own) and ends.  Only
 * then does the daemon make a segment, and leaves it.  It is still one of the run.
 */
#include "scenario.h"

static void be_daemon(const char *name, int alive)
{
	char byte;

	/* End of file: the program has ended. */
	if (read(alive, &byte, 1) != 0)
		die("read");
	make_segment(name);
	_exit(0);
}

int main(void)
{
	const char *name = scenario_name("shm_leak_daemon");
	int alive[2];
	pid_t child;

	printf("EXPECT shm-leaked %s\n", name + 1);
	printf("EXPECT shm-leaked never removed\n");
	must(pipe2(alive, O_CLOEXEC), "pipe2");
	child = must_fork();
	if (child == 0) {
		must(close(alive[1]), "close");
		must(setsid(), "setsid");
		if (must_fork() == 0)
			be_daemon(name, alive[0]);
		_exit(0);
	}
	must_wait(child);
	must(close(alive[0]), "close");
	/* alive[1] stays open until the very end, which is what the daemon waits for. */
	printf("ALLOW fd-open-at-exit\n");
	return 0;
}
