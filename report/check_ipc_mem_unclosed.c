/* SPDX-License-Identifier: MIT */
/* CUDA memory of other processes that was opened and not closed. */
#include "check.h"

void tshm_check_ipc_mem_unclosed(const struct tshm_check *check, const struct tshm_run *run, struct tshm_findings *to)
{
	tshm_check_ipc_left(check, run, to, TSHM_IPC_IMPORT);
}
