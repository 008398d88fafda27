/* SPDX-License-Identifier: MIT */
/* More opened CUDA IPC handles or interprocess events at the end of a mark than at its begin. */
#include "check.h"

void tshm_check_ipc_growth(const struct tshm_check *check, const struct tshm_run *run, struct tshm_findings *to)
{
	static const struct tshm_growth_class classes[] = {
		{ TSHM_MARK_IPC_MEMORY, TSHM_TOLERANCE, "open of CUDA memory", "opens of CUDA memory",
		  "cudaIpcCloseMemHandle() each when its user is done; until then the exporter's memory stays pinned" },
		{ TSHM_MARK_IPC_EVENTS, TSHM_TOLERANCE, "interprocess event", "interprocess events",
		  "cudaEventDestroy() each, on both sides" },
	};

	tshm_check_growth(check, run, to, classes, sizeof(classes) / sizeof(classes[0]));
}
