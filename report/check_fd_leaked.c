/* SPDX-License-Identifier: MIT */
/* Descriptors of segments and memfds that one place acquired and nobody closed, beyond the tolerance. */
#include "check.h"

void tshm_check_fd_leaked(const struct tshm_check *check, const struct tshm_run *run, struct tshm_findings *to)
{
	static const struct tshm_at_end what = {
		.counts = tshm_held_is_shared_fd, .least = TSHM_TOLERANCE + 1, .most = SIZE_MAX, .killed_too = true
	};
	struct tshm_group *groups = NULL;

	tshm_group_at_end(run, &what, &groups);
	for (const struct tshm_group *g = groups; g; g = g->hh.next) {
		const struct tshm_held *h = g->first;
		const char *name = tshm_held_name(h);
		TSHM_AUTO_FREE char *who = tshm_group_who(g);
		struct tshm_finding *f;

		f = tshm_finding_add(to, check, TSHM_WARNING, "%s of %ss (%s%s%s in all) from one place were open when %s ended%s",
				     tshm_text_plural(g->amount, "descriptor").s, tshm_kind_name(h->object ? h->object->kind : h->r.kind),
				     name ? name : "", name ? " first, " : "", tshm_text_size(g->bytes).s, who,
				     g->as_recorded ? ", as last recorded" : "");
		f->advice = tshm_xstrdup("close() each once it is mapped or sent, or when its user is done; a mapping stays without it");
		f->count = g->amount;
		f->bytes = g->bytes;
		f->object = h->object;
		f->image = g->image;
		f->site = g->site;
	}
	tshm_groups_free(&groups);
}
