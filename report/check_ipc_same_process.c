/* SPDX-License-Identifier: MIT */
/* A handle that was opened where it was made.  It is for others: drivers refuse, or do what nobody promised. */
#include "check.h"

static const struct tshm_ripc *own_export(const struct tshm_ripc *import)
{
	const struct tshm_handle *h = import->handle;

	for (size_t i = 0; h && i < h->export_count; i++)
		if (h->exports[i]->image == import->image)
			return h->exports[i];
	return NULL;
}

static void say(const struct tshm_check *check, struct tshm_findings *to, const struct tshm_group *g)
{
	const struct tshm_ripc *import = g->first, *export = own_export(import);
	bool event = import->r.role == TSHM_IPC_EVENT_IMPORT, failed = !tshm_ipc_was_opened(import);
	TSHM_AUTO_FREE char *who = tshm_group_who(g);
	TSHM_AUTO_FREE char *how = failed ? tshm_xasprintf("error %s", tshm_ipc_error(import->r.error).s) :
					   tshm_xstrdup("the driver let it pass");
	TSHM_AUTO_FREE char *times = tshm_group_times(g);
	struct tshm_finding *f;

	/* An event that could be opened works as far as anybody knows; memory has two owners then. */
	f = tshm_finding_add(to, check, event && !failed ? TSHM_WARNING : TSHM_ERROR,
			     "%s opened by %s the handle of %s that it had exported itself: %s%s", who,
			     tshm_call_name(import->r.call), event ? "an event" : "CUDA memory", how, times);
	f->advice = tshm_xasprintf("use the %s itself in this process: send the exporter's pid along, and compare it; %s's "
				   "documentation: it opens what another process exported", event ? "event" : "pointer",
				   event ? "cudaIpcOpenEventHandle" : "cudaIpcOpenMemHandle");
	tshm_ipc_finding(f, g, import->handle, export->image, export->r.site, "exported by");
}

void tshm_check_ipc_same_process(const struct tshm_check *check, const struct tshm_run *run, struct tshm_findings *to)
{
	struct tshm_group *groups = NULL;

	for (size_t i = 0; i < run->handle_count; i++)
		for (size_t k = 0; k < run->handles[i].import_count; k++) {
			const struct tshm_ripc *import = run->handles[i].imports[k], *export = own_export(import);
			TSHM_AUTO_FREE char *how = tshm_xasprintf("%d %d", import->r.role,
								  tshm_ipc_was_opened(import) ? 0 : import->r.error);

			if (export)
				tshm_ipc_group(&groups, how, import, import->image, import->r.site, export->image,
					       export->r.site, import->r.count ? import->r.count : 1,
					       tshm_ipc_bytes(import));
		}
	for (const struct tshm_group *g = groups; g; g = g->hh.next)
		say(check, to, g);
	tshm_groups_free(&groups);
}
