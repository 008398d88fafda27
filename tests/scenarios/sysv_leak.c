/* SPDX-License-Identifier: MIT */
/* A SysV segment is made, attached and detached, and never marked for removal. */
#include <sys/ipc.h>
#include <sys/shm.h>

#include "scenario.h"

int main(void)
{
	int id;
	void *at;

	scenario_begin();
	id = shmget(IPC_PRIVATE, SCENARIO_SIZE, IPC_CREAT | 0600);
	if (id < 0 && errno == ENOSYS)
		skip("no SysV shared memory here");
	must(id, "shmget");
	printf("EXPECT sysv-leaked %d\n", id);
	printf("EXPECT sysv-leaked never removed\n");
	at = shmat(id, NULL, 0);
	if (at == (void *)-1)
		die("shmat");
	memset(at, 1, SCENARIO_SIZE);
	must(shmdt(at), "shmdt");
	return 0;
}
