/* SPDX-License-Identifier: MIT */
/*
 * Signals come while a child executes another program, and the handler duplicates and
 * closes: before exec, in the middle of noting that this image ends, and until the kernel
 * has taken the handler away.  And an exec that fails, after which the image goes on.
 */
#include <sched.h>
#include <signal.h>

#include "scenario.h"

#define CHILDREN 200

static int source;

static void on_signal(int signal)
{
	int saved = errno, fd = dup(source);

	(void)signal;
	if (fd < 0 || close(fd) != 0)
		_exit(98);
	errno = saved;
}

int main(int argc, char **argv)
{
	/* By default SIGURG is ignored: after exec no signal does harm. */
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

	if (argc > 1)
		return 0;
	scenario_begin();
	source = open("/dev/null", O_RDONLY | O_CLOEXEC);
	must(source, "open");
	must(sigaction(SIGURG, &action, NULL), "sigaction");
	for (int i = 0; i < CHILDREN; i++) {
		pid_t pid = must_fork(), done;
		int status;

		if (pid == 0) {
			execl("/nowhere/at/all", argv[0], (char *)NULL);
			if (errno != ENOENT)
				_exit(97);
			execl("/proc/self/exe", argv[0], "again", (char *)NULL);
			_exit(96);
		}
		while ((done = waitpid(pid, &status, WNOHANG)) == 0) {
			kill(pid, SIGURG);
			sched_yield();
		}
		if (done != pid || status != 0)
			die("the child ended with status %d", status);
	}
	must(close(source), "close");
	printf("EXPECT-NONE\n");
	return 0;
}
