/* SPDX-License-Identifier: MIT */
/* Named semaphores that outlived the run. */
#include "check.h"

void tshm_check_sem_leaked(const struct tshm_check *check, const struct tshm_run *run, struct tshm_findings *to)
{
	static const struct tshm_left_name kind = {
		.space = TSHM_SPACE_SEM, .word = "semaphore", .remove = "sem_unlink() it"
	};

	tshm_check_left_names(check, run, to, &kind);
}
