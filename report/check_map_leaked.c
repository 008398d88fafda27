/* SPDX-License-Identifier: MIT */
/* Mappings of segments and memfds that one place made and nobody unmapped, beyond the tolerance. */
#include "check.h"

static bool counts(const struct tshm_held *h)
{
	uint16_t kind = h->object ? h->object->kind : 0;

	if (!tshm_held_was_acquired(h))
		return false;
	return h->r.kind == TSHM_KIND_ATTACHMENT ||
	       (h->r.kind == TSHM_KIND_MAPPING && (kind == TSHM_KIND_SEGMENT || kind == TSHM_KIND_MEMFD));
}

void tshm_check_map_leaked(const struct tshm_check *check, const struct tshm_run *run, struct tshm_findings *to)
{
	static const struct tshm_at_end what = {
		.counts = counts, .least = TSHM_TOLERANCE + 1, .most = SIZE_MAX, .killed_too = true
	};
	struct tshm_group *groups = NULL;

	tshm_group_at_end(run, &what, &groups);
	for (const struct tshm_group *g = groups; g; g = g->hh.next) {
		const struct tshm_held *h = g->first;
		TSHM_AUTO_FREE char *who = tshm_group_who(g);
		const char *name = tshm_held_name(h);
		struct tshm_finding *f;

		f = tshm_finding_add(to, check, TSHM_WARNING, "%s (%s%s%s in all) from one place were there when %s ended%s",
				     tshm_text_plural(g->amount, h->r.kind == TSHM_KIND_ATTACHMENT ? "SysV attachment" :
						      "shared mapping").s,
				     name ? name : "", name ? " first, " : "", tshm_text_size(g->bytes).s, who,
				     g->as_recorded ? ", as last recorded" : "");
		f->advice = tshm_xstrdup(h->r.kind == TSHM_KIND_ATTACHMENT ? "shmdt() each when its user is done" :
					 "munmap() each when its user is done");
		f->count = g->amount;
		f->bytes = g->bytes;
		f->object = h->object;
		f->image = g->image;
		f->site = g->site;
	}
	tshm_groups_free(&groups);
}
