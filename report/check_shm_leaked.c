/* SPDX-License-Identifier: MIT */
/* Segments that outlived the run. */
#include "check.h"

void tshm_check_shm_leaked(const struct tshm_check *check, const struct tshm_run *run, struct tshm_findings *to)
{
	static const struct tshm_left_name kind = {
		.space = TSHM_SPACE_SHM, .word = "segment", .remove = "shm_unlink() it"
	};

	tshm_check_left_names(check, run, to, &kind);
}
