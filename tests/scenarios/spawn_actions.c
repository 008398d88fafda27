/* SPDX-License-Identifier: MIT */
/*
 * posix_spawn gives its child a memfd under a number of its choice, closes another there, and
 * opens a third.  What the child got it got on purpose, and it is not this program's any more.
 */
#include <spawn.h>

#include "scenario.h"

extern char **environ;

int main(void)
{
	static char shell[] = "sh", option[] = "-c";
	static char script[] = "test -e /proc/self/fd/10 && test ! -e /proc/self/fd/11";
	static char *const argv[] = { shell, option, script, NULL };
	posix_spawn_file_actions_t actions;
	int given, kept;
	pid_t child;

	scenario_begin();
	printf("EXPECT-NONE\n");
	given = make_memfd();
	must(kept = memfd_create("tshm-test", 0), "memfd_create");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, given, 10);
	posix_spawn_file_actions_adddup2(&actions, kept, 11);
	posix_spawn_file_actions_addclose(&actions, 11);
	posix_spawn_file_actions_addclose(&actions, kept);
	posix_spawn_file_actions_addopen(&actions, 12, "/dev/null", O_RDONLY, 0);
	must(-posix_spawn(&child, "/bin/sh", &actions, NULL, argv, environ), "posix_spawn");
	posix_spawn_file_actions_destroy(&actions);
	must_wait(child);
	must(close(given), "close");
	must(close(kept), "close");
	return 0;
}
