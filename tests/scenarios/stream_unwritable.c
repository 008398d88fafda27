/* SPDX-License-Identifier: MIT */
/* fclose() fails with EBADF because what was written cannot be flushed; it closes its descriptor all the same. */
#include "scenario.h"

int main(void)
{
	scenario_begin();
	printf("LOOKALIKE fd-bad-close\n");
	printf("EXPECT-NONE\n");
	for (int i = 0; i < 20; i++) {
		int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), other;
		FILE *file;

		must(fd, "open");
		must(close(fd), "close");
		file = fopen("/dev/null", "we");
		if (!file)
			die("fopen");
		fputs("kept", file);
		other = open("/dev/null", O_RDONLY | O_CLOEXEC);
		must(other, "open");
		must(dup3(other, fileno(file), O_CLOEXEC), "dup3");
		must(close(other), "close");
		if (fclose(file) != EOF || errno != EBADF)
			die("fclose");
	}
	return 0;
}
