/* SPDX-License-Identifier: MIT */
/*
 * A named semaphore between two processes: made, opened again by the child (and
 * once more by the parent, which yields the same address), closed by all, removed.
 */
#include <semaphore.h>

#include "scenario.h"

int main(void)
{
	const char *name = scenario_name("sem_clean");
	sem_t *semaphore = sem_open(name, O_CREAT | O_EXCL, 0600, 0), *again;
	pid_t child;

	if (semaphore == SEM_FAILED)
		die("sem_open");
	printf("LOOKALIKE sem-leaked\n");
	printf("EXPECT-NONE\n");
	child = must_fork();
	if (child == 0) {
		again = sem_open(name, 0);
		if (again == SEM_FAILED)
			die("sem_open in the child");
		must(sem_post(again), "sem_post");
		must(sem_close(again), "sem_close");
		_exit(0);
	}
	again = sem_open(name, O_CREAT, 0600, 0);
	if (again == SEM_FAILED)
		die("sem_open again");
	must(sem_wait(again), "sem_wait");
	must_wait(child);
	must(sem_close(again), "sem_close");
	must(sem_close(semaphore), "sem_close");
	must(sem_unlink(name), "sem_unlink");
	return 0;
}
