/* SPDX-License-Identifier: MIT */
/*
 * All that shmctl() does beside removing: none of it removes.  Removal while it is attached takes the name
 * away at once; what opens it by key afterwards makes another.
 */
#include <sys/ipc.h>
#include <sys/shm.h>

#include "scenario.h"

int main(void)
{
	struct shminfo limits;
	struct shmid_ds ds;
	key_t key;
	int id, other;
	void *at;

	scenario_begin();
	key = (key_t)(0x7457 << 16 | (getpid() & 0xffff));
	id = shmget(key, SCENARIO_SIZE, IPC_CREAT | IPC_EXCL | 0600);
	if (id < 0)
		skip("no SysV shared memory here, or the key is taken");
	printf("EXPECT sysv-leaked\n");
	must(shmctl(id, IPC_STAT, &ds), "IPC_STAT");
	ds.shm_perm.mode = 0640;
	must(shmctl(id, IPC_SET, &ds), "IPC_SET");
	must(shmctl(0, IPC_INFO, (struct shmid_ds *)(void *)&limits), "IPC_INFO");
	(void)shmctl(id, SHM_LOCK, NULL);
	(void)shmctl(id, SHM_UNLOCK, NULL);
	at = shmat(id, NULL, 0);
	if (at == (void *)-1)
		die("shmat");
	must(shmctl(id, IPC_RMID, NULL), "IPC_RMID");
	other = shmget(key, SCENARIO_SIZE, IPC_CREAT | 0600);	/* this one is left */
	must(other, "shmget");
	if (other == id)
		die("the same segment");
	must(shmdt(at), "shmdt");
	printf("EXPECT-TOTAL shmat 1 1\n");
	return 0;
}
