/* SPDX-License-Identifier: MIT */
/* So many names are made and removed that the ledger keeps the newer ones only, and says so. */
#include "scenario.h"

int main(void)
{
	const char *name = scenario_name("history_lost");

	printf("EXPECT history-lost older history records of\n");
	for (int i = 0; i < 3000; i++) {
		int fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);

		must(fd, "shm_open");
		must(close(fd), "close");
		must(shm_unlink(name), "shm_unlink");
	}
	return 0;
}
