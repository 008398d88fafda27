/* SPDX-License-Identifier: MIT */
/*
 * A SysV segment with a key, made if it is not there (IPC_CREAT without IPC_EXCL),
 * and left: databases and old daemons mean it to stay, so tshm says that it persists.
 */
#include <sys/ipc.h>
#include <sys/shm.h>

#include "scenario.h"

int main(void)
{
	int id;

	scenario_begin();
	id = shmget(0x7e570000 + (getpid() & 0xffff), SCENARIO_SIZE, IPC_CREAT | 0600);
	if (id < 0 && errno == ENOSYS)
		skip("no SysV shared memory here");
	must(id, "shmget");
	printf("EXPECT sysv-leaked persists\n");
	return 0;
}
