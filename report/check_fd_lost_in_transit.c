/* SPDX-License-Identifier: MIT */
/* Descriptors that were in a message and did not arrive: MSG_CTRUNC, or fewer installed than sent. */
#include <errno.h>
#include <inttypes.h>

#include "check.h"

static const char *advice(int error)
{
	if (error == EMFILE || error == ENFILE)
		return "the receiver had no free descriptors: close what it is done with, or raise RLIMIT_NOFILE (ulimit -n)";
	return "give recvmsg() room for all descriptors (CMSG_SPACE), check MSG_CTRUNC, and see that RLIMIT_NOFILE is not reached";
}

void tshm_check_fd_lost_in_transit(const struct tshm_check *check, const struct tshm_run *run, struct tshm_findings *to)
{
	struct tshm_group *groups = NULL;

	for (size_t i = 0; i < run->image_count; i++)
		for (size_t k = 0; k < run->images[i]->past_count; k++) {
			const struct tshm_past *p = &run->images[i]->past[k];
			TSHM_AUTO_FREE char *key = NULL;

			if (p->h.type != TSHM_HIST_LOST_FDS || p->h.flags & TSHM_HIF_INHERITED ||
			    (p->h.id > 0 && p->h.extra >= p->h.id))
				continue;
			key = tshm_site_key(p->image, p->h.site, true);
			tshm_group_add(&groups, key, p->image, p->h.site, p, p->h.count ? p->h.count : 1, 0);
		}
	for (const struct tshm_group *g = groups; g; g = g->hh.next) {
		const struct tshm_past *p = g->first;
		TSHM_AUTO_FREE char *who = tshm_group_who(g);
		TSHM_AUTO_FREE char *times = tshm_group_times(g);
		struct tshm_finding *f;

		if (p->h.id > 0)
			f = tshm_finding_add(to, check, TSHM_ERROR,
					     "%s in %s installed %" PRId64 " of %s that were sent%s: the others are lost",
					     tshm_call_name(p->h.call), who, p->h.extra,
					     tshm_text_plural((uint64_t)p->h.id, "descriptor").s, times);
		else
			f = tshm_finding_add(to, check, TSHM_ERROR,
					     "%s in %s lost descriptors that were sent (MSG_CTRUNC, %" PRId64 " installed)%s",
					     tshm_call_name(p->h.call), who, p->h.extra, times);
		f->advice = tshm_xstrdup(advice(p->h.error));
		f->count = g->amount;
		f->image = g->image;
		f->site = g->site;
	}
	tshm_groups_free(&groups);
}
