/* SPDX-License-Identifier: MIT */
/* A child inherits twenty memfds and leaves at once; what it inherited is no leak.  The parent closes all. */
#include "scenario.h"

int main(void)
{
	int fds[20];
	pid_t child;

	scenario_begin();
	printf("LOOKALIKE fd-leaked\n");
	printf("LOOKALIKE fd-open-at-exit\n");
	printf("EXPECT-NONE\n");
	for (int i = 0; i < 20; i++)
		fds[i] = make_memfd();
	child = must_fork();
	if (child == 0)
		_exit(0);
	must_wait(child);
	for (int i = 0; i < 20; i++)
		must(close(fds[i]), "close");
	return 0;
}
