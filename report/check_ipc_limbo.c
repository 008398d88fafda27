/* SPDX-License-Identifier: MIT */
/* Memory that was exported and that no observed process opened: work for nothing, or an importer that never came. */
#include "check.h"

static bool was_opened(const struct tshm_ripc *export)
{
	for (size_t i = 0; i < export->importer_count; i++)
		if (tshm_ipc_was_opened(export->importers[i]))
			return true;
	return false;
}

static void say(const struct tshm_check *check, struct tshm_findings *to, const struct tshm_group *g)
{
	const struct tshm_ripc *e = g->first;
	TSHM_AUTO_FREE char *memory = tshm_ipc_memory(g->bytes, "");
	TSHM_AUTO_FREE char *who = tshm_group_who(g);
	struct tshm_finding *f;

	f = tshm_finding_add(to, check, TSHM_NOTE, "%s of %s by %s in %s %s opened by no observed process%s",
			     tshm_text_plural(g->amount, "exported handle").s, memory, tshm_call_name(e->r.call), who,
			     g->amount == 1 ? "was" : "were", tshm_ipc_runs(g->image) ? ", so far" : "");
	f->advice = tshm_xstrdup("see whether the receiver came: an allocator that waits for it (PyTorch's limbo) keeps "
				 "the memory");
	tshm_ipc_finding(f, g, e->handle, e->image, e->r.origin_site, "allocated by");
}

/* Are all records of opens still there?  What was closed makes room for newer ones. */
static bool knows_all(const struct tshm_run *run)
{
	for (size_t i = 0; i < run->image_count; i++) {
		const struct tshm_section *s = &run->images[i]->header.sections[TSHM_SEC_IPC];

		if (s->recycled || s->lost)
			return false;
	}
	return true;
}

void tshm_check_ipc_limbo(const struct tshm_check *check, const struct tshm_run *run, struct tshm_findings *to)
{
	struct tshm_group *groups = NULL;

	if (!knows_all(run))
		return;
	for (size_t i = 0; i < run->image_count; i++)
		for (size_t k = 0; k < run->images[i]->ipc_count; k++) {
			const struct tshm_ripc *e = &run->images[i]->ipcs[k];

			if (e->r.role == TSHM_IPC_EXPORT && e->r.count && !was_opened(e))
				tshm_ipc_group(&groups, tshm_ipc_runs(e->image) ? "runs" : "", e, e->image, e->r.site,
					       NULL, 0, 1, e->r.size);
		}
	for (const struct tshm_group *g = groups; g; g = g->hh.next)
		say(check, to, g);
	tshm_groups_free(&groups);
}
