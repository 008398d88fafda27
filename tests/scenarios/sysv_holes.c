/* SPDX-License-Identifier: MIT */
/*
 * shmdt() detaches all that is left of an attachment: in its middle, or at its begin, a page was unmapped before
 * (shmdt in ipc/shm.c).  What is mapped there afterwards is no attachment.
 */
#include <sys/ipc.h>
#include <sys/shm.h>

#include "scenario.h"

static void hole(size_t page, size_t where)
{
	int id = shmget(IPC_PRIVATE, 3 * page, IPC_CREAT | 0600);
	char *at;

	if (id < 0 && errno == ENOSYS)
		skip("no SysV shared memory here");
	must(id, "shmget");
	at = shmat(id, NULL, 0);
	if (at == (void *)-1)
		die("shmat");
	must(shmctl(id, IPC_RMID, NULL), "shmctl");
	must(munmap(at + where, page), "munmap");
	must(shmdt(at), "shmdt");
	/* Something stands there again, as a rule. */
	if (mmap(at, 3 * page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED)
		die("mmap");
}

int main(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	scenario_begin();
	printf("EXPECT-NONE\n");
	for (int i = 0; i < 40; i++)
		hole(page, i % 2 ? page : 0);
	return 0;
}
