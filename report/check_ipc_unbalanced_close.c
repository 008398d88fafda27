/* SPDX-License-Identifier: MIT */
/* cuIpcCloseMemHandle of what is not open: closed once more than it was opened, or never opened. */
#include <inttypes.h>

#include "check.h"

#define DEINITIALIZED 4		/* CUDA_ERROR_DEINITIALIZED: the driver is gone already, and closed everything itself */

/* The import of that pointer that was there last before the event, or NULL. */
static const struct tshm_ripc *import_of(const struct tshm_ripc *bad)
{
	const struct tshm_ripc *best = NULL;

	for (size_t i = 0; i < bad->image->ipc_count; i++) {
		const struct tshm_ripc *p = &bad->image->ipcs[i];

		if (p->r.role == TSHM_IPC_IMPORT && tshm_ipc_was_opened(p) && p->r.pointer == bad->r.pointer &&
		    p->r.begin_mono <= bad->r.begin_mono && (!best || p->r.begin_mono >= best->r.begin_mono))
			best = p;
	}
	return best;
}

static const char *history_of(const struct tshm_ripc *import)
{
	if (!import)
		return "which was not open";
	if (tshm_ipc_is_live(import))
		return "which is open, but not there or then";
	return import->r.flags & TSHM_IPCF_RESET ? "which had gone with its context" : "which was closed before";
}

static void say(const struct tshm_check *check, struct tshm_findings *to, const struct tshm_group *g)
{
	const struct tshm_ripc *bad = g->first, *import = import_of(bad);
	bool closed = import && !tshm_ipc_is_live(import);
	TSHM_AUTO_FREE char *who = tshm_group_who(g);
	TSHM_AUTO_FREE char *times = tshm_group_times(g);
	TSHM_AUTO_FREE char *error = bad->r.error ? tshm_xasprintf("error %s", tshm_ipc_error(bad->r.error).s) :
						   tshm_xstrdup("no error");
	struct tshm_finding *f;

	f = tshm_finding_add(to, check, bad->r.error == DEINITIALIZED ? TSHM_NOTE : TSHM_ERROR,
			     "%s of 0x%" PRIx64 ", %s, in %s: %s%s", tshm_call_name(bad->r.call), bad->r.pointer,
			     history_of(import), who, error, times);
	f->advice = tshm_xstrdup("close each pointer as often as it was opened, in one place, in the context that opened it; "
				 "cudaIpcCloseMemHandle's documentation: each close takes one from a count, and the last "
				 "unmaps; one too many may unmap what somebody else opened since");
	tshm_ipc_finding(f, g, import ? import->handle : NULL, closed ? import->image : NULL,
			 closed ? import->r.end_site : 0, "closed before by");
}

void tshm_check_ipc_unbalanced_close(const struct tshm_check *check, const struct tshm_run *run, struct tshm_findings *to)
{
	struct tshm_group *groups = NULL;

	for (size_t i = 0; i < run->image_count; i++)
		for (size_t k = 0; k < run->images[i]->ipc_count; k++) {
			const struct tshm_ripc *bad = &run->images[i]->ipcs[k];
			TSHM_AUTO_FREE char *how = NULL;

			if (bad->r.role != TSHM_IPC_BAD_CLOSE)
				continue;
			how = tshm_xasprintf("%d", bad->r.error);
			tshm_ipc_group(&groups, how, bad, bad->image, bad->r.site, NULL, 0, bad->r.count, 0);
		}
	for (const struct tshm_group *g = groups; g; g = g->hh.next)
		say(check, to, g);
	tshm_groups_free(&groups);
}
