/* SPDX-License-Identifier: MIT */
/* A named semaphore is made, used, closed, and its name forgotten. */
#include <semaphore.h>

#include "scenario.h"

int main(void)
{
	const char *name = scenario_name("sem_leak");
	sem_t *semaphore = sem_open(name, O_CREAT | O_EXCL, 0600, 1);

	if (semaphore == SEM_FAILED)
		die("sem_open");
	printf("EXPECT sem-leaked %s\n", name + 1);
	printf("EXPECT sem-leaked never removed\n");
	must(sem_wait(semaphore), "sem_wait");
	must(sem_post(semaphore), "sem_post");
	must(sem_close(semaphore), "sem_close");
	return 0;
}
