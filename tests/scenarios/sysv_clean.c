/* SPDX-License-Identifier: MIT */
/*
 * The proper way with SysV: make, attach, mark for removal at once.  The segment
 * lives while it is attached, here also in a child, and ends with the last user.
 */
#include <sys/ipc.h>
#include <sys/shm.h>

#include "scenario.h"

int main(void)
{
	int id;
	char *at;
	pid_t child;

	scenario_begin();
	id = shmget(IPC_PRIVATE, SCENARIO_SIZE, IPC_CREAT | 0600);
	if (id < 0 && errno == ENOSYS)
		skip("no SysV shared memory here");
	must(id, "shmget");
	printf("LOOKALIKE sysv-leaked\n");
	printf("EXPECT-NONE\n");
	at = shmat(id, NULL, 0);
	if (at == (void *)-1)
		die("shmat");
	must(shmctl(id, IPC_RMID, NULL), "shmctl");
	child = must_fork();
	if (child == 0) {
		at[0] = 'c';
		must(shmdt(at), "shmdt");
		_exit(0);
	}
	must_wait(child);
	if (at[0] != 'c')
		die("the child's byte did not arrive");
	must(shmdt(at), "shmdt");
	return 0;
}
