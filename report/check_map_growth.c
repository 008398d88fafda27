/* SPDX-License-Identifier: MIT */
/* More shared mappings, attachments or semaphores at the end of a mark than at its begin. */
#include "check.h"

void tshm_check_map_growth(const struct tshm_check *check, const struct tshm_run *run, struct tshm_findings *to)
{
	static const struct tshm_growth_class classes[] = {
		{ TSHM_MARK_SEGMENT_MAPS, 0, "mapping of a segment or memfd",
		  "mappings of segments and memfds", "munmap() or shmdt() each when its user is done" },
		{ TSHM_MARK_OTHER_MAPS, TSHM_TOLERANCE, "shared mapping", "shared mappings",
		  "munmap() each when its user is done" },
		{ TSHM_MARK_SEMAPHORES, TSHM_TOLERANCE, "named semaphore", "named semaphores",
		  "sem_close() each when its user is done" },
	};

	tshm_check_growth(check, run, to, classes, sizeof(classes) / sizeof(classes[0]));
}
