/* SPDX-License-Identifier: MIT */
/* A round maps a segment and forgets it, each time; the descriptors are closed. Six semaphores stay open. */
#include <semaphore.h>

#include "scenario.h"
#include "tshm.h"

int main(void)
{
	const char *name = scenario_name("mark_maps");
	char other[80];

	printf("EXPECT map-growth 3 more mappings of segments and memfds were live at the end of mark \"round\" (3 of them)\n");
	printf("EXPECT map-growth 6 more named semaphores were live at the end of mark \"semaphores\"\n");
	for (int i = 0; i < 3; i++) {
		int fd;

		tshm_mark_begin("round");
		fd = make_segment(name);
		map_shared(fd, SCENARIO_SIZE);
		must(close(fd), "close");
		must(shm_unlink(name), "shm_unlink");
		tshm_mark_end("round");
	}
	tshm_mark_begin("semaphores");
	for (int i = 0; i < 6; i++) {
		snprintf(other, sizeof(other), "%s-%d", name, i);
		if (sem_open(other, O_CREAT | O_EXCL, 0600, 1) == SEM_FAILED)
			die("sem_open");
		must(sem_unlink(other), "sem_unlink");
	}
	tshm_mark_end("semaphores");
	return 0;
}
