/* SPDX-License-Identifier: MIT */
/*
 * close() of a number that was not open any more, though it had been: with other
 * threads about, the number may be somebody else's by then.
 */
#include <inttypes.h>

#include "check.h"

/* Loops that close whatever may be open are common and harmless. */
static bool is_loop(const struct tshm_history *h)
{
	int64_t count = h->count;

	if (count >= 2 && h->extra >= count - 1 - count / 8)
		return true;
	return count >= 32 && h->high - h->low >= 16;
}

static void report(const struct tshm_check *check, struct tshm_findings *to, const struct tshm_group *g)
{
	const struct tshm_past *p = g->first;
	TSHM_AUTO_FREE char *who = tshm_group_who(g);
	TSHM_AUTO_FREE char *times = tshm_group_times(g);
	bool other_thread = p->h.before_tid && p->h.before_tid != (int32_t)p->h.tid;
	struct tshm_finding *f;

	f = tshm_finding_add(to, check, TSHM_WARNING, "%s of descriptor %" PRId64 ", which was closed already%s, in %s%s",
			     tshm_call_name(p->h.call), p->h.id, other_thread ? " by another thread" : "", who, times);
	f->advice = tshm_xstrdup("close it in one place only, or set the variable to -1 after close(): the number may be in use again");
	f->count = g->amount;
	f->image = g->image;
	f->site = g->site;
	f->image2 = p->image;
	f->frame2 = &p->h.before;
	f->stack2_title = "closed before by";
}

void tshm_check_fd_bad_close(const struct tshm_check *check, const struct tshm_run *run, struct tshm_findings *to)
{
	struct tshm_group *groups = NULL;

	for (size_t i = 0; i < run->image_count; i++)
		for (size_t k = 0; k < run->images[i]->past_count; k++) {
			const struct tshm_past *p = &run->images[i]->past[k];
			TSHM_AUTO_FREE char *key = NULL;

			if (p->h.type != TSHM_HIST_BAD_CLOSE || p->h.flags & TSHM_HIF_INHERITED || p->h.id < 0 ||
			    p->h.before.kind == TSHM_FRAME_NONE || is_loop(&p->h))
				continue;
			key = tshm_site_key(p->image, p->h.site, true);
			tshm_group_add(&groups, key, p->image, p->h.site, p, p->h.count ? p->h.count : 1, 0);
		}
	for (const struct tshm_group *g = groups; g; g = g->hh.next)
		report(check, to, g);
	tshm_groups_free(&groups);
}
