/* SPDX-License-Identifier: MIT */
/* Interprocess events that were not destroyed: those that were opened, and those that were made for others. */
#include "check.h"

void tshm_check_ipc_event_leaked(const struct tshm_check *check, const struct tshm_run *run, struct tshm_findings *to)
{
	tshm_check_ipc_left(check, run, to, TSHM_IPC_EVENT_IMPORT);
	tshm_check_ipc_left(check, run, to, TSHM_IPC_EVENT_EXPORT);
}
