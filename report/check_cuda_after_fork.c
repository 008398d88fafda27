/* SPDX-License-Identifier: MIT */
/* CUDA in a forked child whose parent had used it: its contexts are not there, and what looks like them is wreckage. */
#include "check.h"

/* Errors of CUDA's runtime have these numbers, too. */
#define NOT_INITIALIZED 3
#define DEINITIALIZED 4

/* Who only asks whether there is CUDA, and gets no for an answer, may do so on purpose. */
static bool asks(const struct tshm_ipc *r)
{
	switch (r->call) {
	case TSHM_CALL_cuInit:
	case TSHM_CALL_cuDeviceGet:
	case TSHM_CALL_cuDeviceGetCount:
		return r->error != 0;
	}
	return false;
}

/* Destructors give back what was inherited when the child ends, and CUDA says that there is nothing to give back. */
static bool gives_back(const struct tshm_ipc *r)
{
	if (r->error != NOT_INITIALIZED && r->error != DEINITIALIZED)
		return false;
	switch (r->call) {
	case TSHM_CALL_cuCtxDestroy:
	case TSHM_CALL_cuCtxDestroy_v2:
	case TSHM_CALL_cuDevicePrimaryCtxRelease:
	case TSHM_CALL_cuDevicePrimaryCtxRelease_v2:
	case TSHM_CALL_cuDevicePrimaryCtxReset:
	case TSHM_CALL_cuDevicePrimaryCtxReset_v2:
	case TSHM_CALL_cuEventDestroy:
	case TSHM_CALL_cuEventDestroy_v2:
	case TSHM_CALL_cuIpcCloseMemHandle:
	case TSHM_CALL_cudaEventDestroy:
	case TSHM_CALL_cudaIpcCloseMemHandle:
	case TSHM_CALL_cudaDeviceReset:
		return true;
	case TSHM_CALL_cuMemFree_v2:
	case TSHM_CALL_cuMemFreeAsync:
	case TSHM_CALL_cuMemFreeAsync_ptsz:
	case TSHM_CALL_cudaFree:
	case TSHM_CALL_cudaFreeAsync:
	case TSHM_CALL_cudaFreeAsync_ptsz:
		return r->pointer != 0;		/* cudaFree(NULL) is how programs begin to use CUDA */
	}
	return false;
}

static void say(const struct tshm_check *check, struct tshm_findings *to, const struct tshm_group *g)
{
	const struct tshm_ripc *call = g->first;
	enum tshm_severity severity = gives_back(&call->r) ? TSHM_NOTE : asks(&call->r) ? TSHM_WARNING : TSHM_ERROR;
	TSHM_AUTO_FREE char *who = tshm_group_who(g);
	TSHM_AUTO_FREE char *times = tshm_group_times(g);
	TSHM_AUTO_FREE char *error = call->r.error ? tshm_xasprintf(": error %s", tshm_ipc_error(call->r.error).s) :
						    tshm_xstrdup("");
	struct tshm_finding *f;

	f = tshm_finding_add(to, check, severity, "%s in %s, which was forked from a process that had used CUDA%s%s",
			     tshm_call_name(call->r.call), who, error, times);
	f->advice = tshm_xstrdup("fork before the first call of CUDA, or start the child as a new program (multiprocessing's "
				 "\"spawn\" or \"forkserver\"): CUDA cannot be used in a child that inherited it");
	tshm_ipc_finding(f, g, NULL, NULL, 0, NULL);
}

void tshm_check_cuda_after_fork(const struct tshm_check *check, const struct tshm_run *run, struct tshm_findings *to)
{
	struct tshm_group *groups = NULL;

	for (size_t i = 0; i < run->image_count; i++)
		for (size_t k = 0; k < run->images[i]->ipc_count; k++) {
			const struct tshm_ripc *call = &run->images[i]->ipcs[k];
			TSHM_AUTO_FREE char *how = NULL;

			if (call->r.role != TSHM_IPC_AFTER_FORK)
				continue;
			how = tshm_xasprintf("%d %d %d", call->r.call, call->r.error, call->r.pointer != 0);
			tshm_ipc_group(&groups, how, call, call->image, call->r.site, NULL, 0, call->r.count, 0);
		}
	for (const struct tshm_group *g = groups; g; g = g->hh.next)
		say(check, to, g);
	tshm_groups_free(&groups);
}
