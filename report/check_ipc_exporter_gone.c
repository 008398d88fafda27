/* SPDX-License-Identifier: MIT */
/* A process that ended, and took with it what another had open: killed, failed, or in a hurry. */
#include "check.h"

/* Did the importer have it for longer than its exporter lived?  Not, as long as an end is in doubt. */
static bool outlived(const struct tshm_ripc *export, const struct tshm_ripc *import)
{
	struct tshm_until gone = tshm_ipc_image_until(export->image), open = tshm_ipc_until(import);

	if (!tshm_ipc_is_live(export) || tshm_ipc_runs(export->image))
		return false;
	return open.least > gone.most;
}

/* An event that is just left open does nothing that could go wrong. */
static bool is_idle(const struct tshm_ripc *import)
{
	return tshm_ipc_is_event(import) && tshm_ipc_is_live(import);
}

static void look(const struct tshm_ripc *export, const struct tshm_ripc *import, struct tshm_group **groups)
{
	TSHM_AUTO_FREE char *how = tshm_xasprintf("%d %d %d", export->r.role, export->image->state, is_idle(import));

	if (outlived(export, import))
		tshm_ipc_group(groups, how, import, export->image, export->r.site, import->image, import->r.site, 1,
			       tshm_ipc_bytes(export));
}

static void say(const struct tshm_check *check, struct tshm_findings *to, const struct tshm_group *g)
{
	const struct tshm_ripc *import = g->first, *export = import->exporter;
	bool event = export->r.role == TSHM_IPC_EVENT_EXPORT;
	TSHM_AUTO_FREE char *who = tshm_group_who(g);
	TSHM_AUTO_FREE char *other = tshm_who(import->image);
	TSHM_AUTO_FREE char *what = event ? tshm_xstrdup("CUDA event") : tshm_ipc_memory(g->bytes, "");
	TSHM_AUTO_FREE char *times = tshm_group_times(g);
	struct tshm_finding *f;

	f = tshm_finding_add(to, check, is_idle(import) ? TSHM_NOTE : TSHM_WARNING, "%s %s while %s still had its %s open%s", who,
			     export->image->state == TSHM_IMAGE_EXEC ? "executed another program" : "ended", other, what, times);
	f->advice = tshm_xstrdup("let the exporter live until importers are done, and tell importers when it dies: memory "
				 "and events go with the process that made them");
	tshm_ipc_finding(f, g, export->handle, import->image, import->r.site, "opened by");
}

void tshm_check_ipc_exporter_gone(const struct tshm_check *check, const struct tshm_run *run, struct tshm_findings *to)
{
	struct tshm_group *groups = NULL;

	tshm_ipc_each_pair(run, look, &groups);
	for (const struct tshm_group *g = groups; g; g = g->hh.next)
		say(check, to, g);
	tshm_groups_free(&groups);
}
