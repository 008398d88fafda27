/* SPDX-License-Identifier: MIT */
/*
 * Memory or an event that its owner freed while another process had it open.  What the other
 * then does is undefined; as a rule nothing crashes, and nobody notices.
 */
#include "check.h"

enum sure { NOT, MAYBE, SURELY };

static enum sure was_open(const struct tshm_ripc *export, const struct tshm_ripc *import)
{
	struct tshm_until open = tshm_ipc_until(import);
	uint64_t freed = export->r.end_mono;

	if (TSHM_STAMP_STATE(export->r.stamp) != TSHM_STATE_CLOSED || import->r.begin_mono >= freed)
		return NOT;
	if (open.least > freed)
		return SURELY;
	/* A killed importer noted no end.  That it was collected later says little: parents take their time. */
	return open.most != UINT64_MAX && open.most > freed ? MAYBE : NOT;
}

/*
 * Memory that is mapped may be read at any moment.  Of an event only use is undefined, and all that
 * is seen of use is that it was destroyed: one that is just left open does nothing.
 */
static enum tshm_severity severity_of(const struct tshm_ripc *export, const struct tshm_ripc *import)
{
	if (export->r.role == TSHM_IPC_EVENT_EXPORT)
		return tshm_ipc_is_live(import) ? TSHM_NOTE : TSHM_WARNING;
	return was_open(export, import) == SURELY ? TSHM_ERROR : TSHM_WARNING;
}

static void look(const struct tshm_ripc *export, const struct tshm_ripc *import, struct tshm_group **groups)
{
	enum sure sure = was_open(export, import);
	TSHM_AUTO_FREE char *how = tshm_xasprintf("%d %d %d", sure, export->r.role, severity_of(export, import));

	if (sure != NOT)
		tshm_ipc_group(groups, how, import, export->image, export->r.end_site, import->image, import->r.site, 1,
			       tshm_ipc_bytes(export));
}

static void say(const struct tshm_check *check, struct tshm_findings *to, const struct tshm_group *g)
{
	const struct tshm_ripc *import = g->first, *export = import->exporter;
	bool event = export->r.role == TSHM_IPC_EVENT_EXPORT, sure = was_open(export, import) == SURELY;
	TSHM_AUTO_FREE char *who = tshm_group_who(g);
	TSHM_AUTO_FREE char *other = tshm_who(import->image);
	TSHM_AUTO_FREE char *what = event ? tshm_xstrdup("a CUDA event") : tshm_ipc_memory(g->bytes, "");
	TSHM_AUTO_FREE char *times = tshm_group_times(g);
	struct tshm_finding *f;

	f = tshm_finding_add(to, check, severity_of(export, import), "%s %s %s%s by %s while %s %s it open%s", who,
			     event ? "destroyed" : "freed", what, export->r.flags & TSHM_IPCF_RESET ? " with its context" : "",
			     tshm_call_name(export->r.end_call), other, sure ? "had" : "may have had", times);
	f->advice = tshm_xstrdup(event ?
		"destroy it when the importer said that it is done; cudaIpcOpenEventHandle's documentation: using the "
		"imported event after the exported one was destroyed is undefined" :
		"free it when the importer said that it closed it; cudaIpcOpenMemHandle's documentation: freeing "
		"exported memory before it was closed in the importing context is undefined");
	tshm_ipc_finding(f, g, export->handle, import->image, import->r.site, "opened by");
}

void tshm_check_ipc_exporter_freed(const struct tshm_check *check, const struct tshm_run *run, struct tshm_findings *to)
{
	struct tshm_group *groups = NULL;

	tshm_ipc_each_pair(run, look, &groups);
	for (const struct tshm_group *g = groups; g; g = g->hh.next)
		say(check, to, g);
	tshm_groups_free(&groups);
}
