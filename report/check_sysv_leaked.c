/* SPDX-License-Identifier: MIT */
/* SysV segments that outlived the run. */
#include "check.h"

void tshm_check_sysv_leaked(const struct tshm_check *check, const struct tshm_run *run, struct tshm_findings *to)
{
	static const struct tshm_left_name kind = {
		.space = TSHM_SPACE_SYSV, .word = "SysV segment",
		/* Unlike a name, it may go while it is attached: it ends with its last user. */
		.remove = "shmctl(IPC_RMID) it right after the last shmat(), or"
	};

	tshm_check_left_names(check, run, to, &kind);
}
