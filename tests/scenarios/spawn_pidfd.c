/* SPDX-License-Identifier: MIT */
/* pidfd_spawn (glibc 2.39) starts a program and gives a descriptor of it: the child is known, the descriptor too. */
#include <dlfcn.h>
#include <spawn.h>

#include "scenario.h"

extern char **environ;

typedef int spawn_function(int *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *,
			   char *const[], char *const[]);

int main(void)
{
	static char program[] = "true";
	static char *const argv[] = { program, NULL };
	static char *const nothing[] = { NULL };
	spawn_function *spawn = NULL;
	siginfo_t info;
	int fd;

	scenario_begin();
	*(void **)&spawn = dlsym(RTLD_DEFAULT, "pidfd_spawnp");
	if (!spawn || spawn(&fd, "true", NULL, NULL, argv, environ) != 0)
		skip("no pidfd_spawnp here");
	printf("EXPECT unobserved true\nEXPECT-TOTAL pidfd_spawnp 2 2\n");
	must(waitid(P_PIDFD, (id_t)fd, &info, WEXITED), "waitid");
	must(close(fd), "close");
	must(-spawn(&fd, "true", NULL, NULL, argv, nothing), "pidfd_spawnp");
	must(waitid(P_PIDFD, (id_t)fd, &info, WEXITED), "waitid");
	must(close(fd), "close");
	return 0;
}
