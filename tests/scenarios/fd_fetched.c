/* SPDX-License-Identifier: MIT */
/* A child fetches its parent's memfds by pidfd_getfd, through syscall(), and closes all: clean. */
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "scenario.h"

int main(void)
{
	int fds[8];
	pid_t child, parent = getpid();

	scenario_begin();
	for (int i = 0; i < 8; i++)
		fds[i] = make_memfd();
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
	child = must_fork();
	if (child == 0) {
		int pidfd = (int)syscall(SYS_pidfd_open, parent, 0);

		for (int i = 0; i < 8; i++) {
			int got = pidfd < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, pidfd, fds[i], 0);

			if (got < 0)
				_exit(errno == ENOSYS || errno == EPERM ? 77 : 1);
			must(close(got), "close");
		}
		must((int)syscall(SYS_close, pidfd), "SYS_close");
		_exit(0);
	}
	int status;

	if (waitpid(child, &status, 0) != child || !WIFEXITED(status))
		die("the child failed");
	if (WEXITSTATUS(status) == 77)
		skip("pidfd_getfd is not to be had here");
	if (WEXITSTATUS(status) != 0)
		die("the child failed");
	printf("EXPECT-NONE\n");
	for (int i = 0; i < 8; i++)
		must(close(fds[i]), "close");
	return 0;
}
