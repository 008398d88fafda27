/* SPDX-License-Identifier: MIT */
/*
 * A handle made of a pointer into an allocation.  The handle is that of the whole: who opens it gets
 * the allocation's start, and everything in it, and often what else lies in the same block.
 */
#include "check.h"

/* What an importer really got: small allocations share blocks of 2 MiB. */
static const struct tshm_ripc *mapped(const struct tshm_ripc *export)
{
	for (size_t i = 0; i < export->importer_count; i++)
		if (tshm_ipc_was_opened(export->importers[i]) && export->importers[i]->r.size)
			return export->importers[i];
	return NULL;
}

static char *disclosed(const struct tshm_ripc *export)
{
	const struct tshm_ripc *import = mapped(export);
	uint64_t offset = export->r.pointer - export->r.base, meant = export->r.size ? export->r.size - offset : 0;
	TSHM_AUTO_FREE char *who = import ? tshm_who(import->image) : NULL;

	if (import && export->r.size && import->r.size > export->r.size)
		return tshm_xasprintf("; %s got %s, %s more than the allocation", who, tshm_text_size(import->r.size).s,
				      tshm_text_size(import->r.size - export->r.size).s);
	if (import && meant && import->r.size > meant)
		return tshm_xasprintf("; %s got %s, %s more than lies behind the pointer", who,
				      tshm_text_size(import->r.size).s, tshm_text_size(import->r.size - meant).s);
	return tshm_xstrdup("");
}

static void say(const struct tshm_check *check, struct tshm_findings *to, const struct tshm_group *g)
{
	const struct tshm_ripc *e = g->first;
	TSHM_AUTO_FREE char *who = tshm_group_who(g);
	TSHM_AUTO_FREE char *more = disclosed(e);
	TSHM_AUTO_FREE char *whole = e->r.size ? tshm_xasprintf(" of %s", tshm_text_size(e->r.size).s) : tshm_xstrdup("");
	TSHM_AUTO_FREE char *times = tshm_group_times(g);
	struct tshm_finding *f;

	f = tshm_finding_add(to, check, TSHM_WARNING, "%s in %s of a pointer %s into an allocation%s: who opens the handle "
			     "gets the allocation's start, not this pointer, and sees all of it%s%s",
			     tshm_call_name(e->r.call), who, tshm_text_size(e->r.pointer - e->r.base).s, whole, more, times);
	f->advice = tshm_xstrdup("send the offset along with the handle, or export an allocation of its own, in multiples of "
				 "2 MiB; cudaIpcGetMemHandle's documentation: it takes the base of an allocation; the "
				 "programming guide: the whole underlying block is shared");
	tshm_ipc_finding(f, g, e->handle, e->image, e->r.origin_site, "allocated by");
}

void tshm_check_ipc_interior_export(const struct tshm_check *check, const struct tshm_run *run, struct tshm_findings *to)
{
	struct tshm_group *groups = NULL;

	for (size_t i = 0; i < run->image_count; i++)
		for (size_t k = 0; k < run->images[i]->ipc_count; k++) {
			const struct tshm_ripc *e = &run->images[i]->ipcs[k];

			if (e->r.role == TSHM_IPC_EXPORT && e->r.count && e->r.flags & TSHM_IPCF_INTERIOR)
				tshm_ipc_group(&groups, "", e, e->image, e->r.site, e->image, e->r.origin_site, 1,
					       e->r.size);
		}
	for (const struct tshm_group *g = groups; g; g = g->hh.next)
		say(check, to, g);
	tshm_groups_free(&groups);
}
