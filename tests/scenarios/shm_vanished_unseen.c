/* SPDX-License-Identifier: MIT */
/* A program that tshm does not see removes a semaphore; who needs it does not find it, and gives up. */
#include <semaphore.h>
#include <spawn.h>

#include "scenario.h"

static void remove_unseen(char *path)
{
	static char program[] = "rm";
	char *const arguments[] = { program, path, NULL }, *const environment[] = { NULL };
	pid_t child;

	errno = posix_spawn(&child, "/bin/rm", NULL, NULL, arguments, environment);
	must(-errno, "posix_spawn");
	must_wait(child);
}

int main(void)
{
	const char *name = scenario_name("shm_vanished_unseen");
	sem_t *sem = sem_open(name, O_CREAT | O_EXCL, 0600, 1);
	char path[96];
	pid_t child;
	int status;

	if (sem == SEM_FAILED)
		die("sem_open");
	printf("EXPECT shm-vanished sem_open of semaphore /dev/shm/sem.%s failed in\n", name + 1);
	printf("EXPECT shm-vanished it had been there, and nobody observed removed it\n");
	snprintf(path, sizeof(path), "/dev/shm/sem.%s", name + 1);
	remove_unseen(path);
	must(sem_close(sem), "sem_close");
	child = must_fork();
	if (child == 0)
		_exit(sem_open(name, 0) == SEM_FAILED ? 3 : 0);
	if (waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 3)
		die("the child found the name");
	return 0;
}
