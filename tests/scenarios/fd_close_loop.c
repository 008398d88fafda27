/* SPDX-License-Identifier: MIT */
/* Some files are opened and closed, then a daemon-like loop closes all that may be open: harmless. */
#include "scenario.h"

int main(void)
{
	int fds[20];

	scenario_begin();
	printf("LOOKALIKE fd-bad-close\n");
	printf("EXPECT-NONE\n");
	for (int i = 0; i < 20; i++)
		must(fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC), "open");
	for (int i = 0; i < 20; i++)
		must(close(fds[i]), "close");
	for (int fd = 3; fd < 256; fd++)
		close(fd);
	return 0;
}
