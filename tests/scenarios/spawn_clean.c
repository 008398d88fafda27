/* SPDX-License-Identifier: MIT */
/* posix_spawn with file actions, beside a live memfd; the parent closes what it made. */
#include <spawn.h>

#include "scenario.h"

extern char **environ;

int main(void)
{
	static char program[] = "true";
	static char *const argv[] = { program, NULL };
	posix_spawn_file_actions_t actions;
	int fd, error;
	pid_t child;

	scenario_begin();
	printf("LOOKALIKE unobserved\n");
	printf("LOOKALIKE fd-crossed-exec\n");
	printf("EXPECT-NONE\n");
	fd = make_memfd();
	if (posix_spawn_file_actions_init(&actions) != 0 ||
	    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0) != 0 ||
	    posix_spawn_file_actions_adddup2(&actions, 1, 2) != 0)
		die("file actions");
	error = posix_spawn(&child, "/bin/true", &actions, NULL, argv, environ);
	if (error) {
		errno = error;
		die("posix_spawn");
	}
	posix_spawn_file_actions_destroy(&actions);
	must_wait(child);
	must(close(fd), "close");
	return 0;
}
