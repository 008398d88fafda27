/* SPDX-License-Identifier: MIT */
/* Seven segments are made empty and grown by their paths; the descriptors are kept until the kill: 7 pages. */
#include <signal.h>

#include "scenario.h"

static void hold_and_die(const char *path)
{
	char each[128];

	for (volatile int i = 0; i < 7; i++) {
		snprintf(each, sizeof(each), "%s-%d", path, i);
		must(open(each, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600), "open");
		must(truncate(each, 4096), "truncate");
	}
	for (volatile int i = 0; i < 7; i++) {
		snprintf(each, sizeof(each), "%s-%d", path, i);
		must(unlink(each), "unlink");
	}
	raise(SIGKILL);
}

int main(void)
{
	const char *path = scenario_path("size_by_path");
	int status;
	pid_t child;

	printf("EXPECT fd-leaked 28.0 KiB in all)\n");
	child = must_fork();
	if (child == 0)
		hold_and_die(path);
	if (waitpid(child, &status, 0) != child || !WIFSIGNALED(status))
		die("not killed");
	return 0;
}
