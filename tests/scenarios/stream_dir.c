/* SPDX-License-Identifier: MIT */
/*
 * Streams and directories open and close descriptors inside libc, where no hook
 * of open() or close() sees them.  Nothing stays open, nothing is closed twice.
 */
#include <dirent.h>

#include "scenario.h"

static void check(int good, const char *what)
{
	if (!good)
		die("%s", what);
}

int main(void)
{
	char line[16];

	scenario_begin();
	printf("EXPECT-NONE\n");
	for (int i = 0; i < 20; i++) {
		FILE *file, *memfd, *pipe;
		DIR *dir, *by_fd;
		int fd;

		check((file = fopen("/etc/passwd", "re")) != NULL, "fopen");
		check((file = freopen("/dev/null", "re", file)) != NULL, "freopen");
		check((memfd = fdopen(make_memfd(), "w+")) != NULL, "fdopen");
		check((dir = opendir("/")) != NULL, "opendir");
		must(fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), "open");
		check((by_fd = fdopendir(fd)) != NULL, "fdopendir");
		check((pipe = popen("echo x", "re")) != NULL, "popen");
		check(fgets(line, sizeof(line), pipe) != NULL, "fgets");
		check(readdir(dir) && readdir(by_fd), "readdir");
		check(fputs("x", memfd) >= 0, "fputs");
		check(pclose(pipe) == 0, "pclose");
		check(closedir(by_fd) == 0 && closedir(dir) == 0, "closedir");
		check(fclose(memfd) == 0 && fclose(file) == 0, "fclose");
		check((file = tmpfile()) != NULL && fclose(file) == 0, "tmpfile");
	}
	return 0;
}
