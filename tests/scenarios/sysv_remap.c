/* SPDX-License-Identifier: MIT */
/*
 * shmat() with SHM_REMAP replaces what was mapped there: ten attachments at one place
 * are one attachment, and one at the end of a program is no leak.
 */
#include <sys/ipc.h>
#include <sys/shm.h>

#include "scenario.h"

int main(void)
{
	char *at = NULL;

	scenario_begin();
	printf("EXPECT-NONE\n");
	for (int i = 0; i < 10; i++) {
		int id = shmget(IPC_PRIVATE, SCENARIO_SIZE, IPC_CREAT | 0600);

		if (id < 0 && errno == ENOSYS)
			skip("no SysV shared memory here");
		must(id, "shmget");
		at = shmat(id, at, at ? SHM_REMAP : 0);
		if (at == (void *)-1)
			die("shmat");
		must(shmctl(id, IPC_RMID, NULL), "shmctl");
	}
	return 0;
}
