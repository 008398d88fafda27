/* SPDX-License-Identifier: MIT */
/* Descriptors that were open at the end and that fd-leaked does not speak of: a fact, as a rule no fault. */
#include "check.h"

static bool is_other(const struct tshm_held *h)
{
	/* A number that the program chose is kept on purpose: a shell's script under 255, say. */
	return tshm_kind_by(h->r.kind) == TSHM_BY_DESCRIPTOR && h->r.key > 2 && tshm_held_was_acquired(h) &&
	       !(h->r.flags & TSHM_RF_CHOSEN) && !tshm_held_is_shared_fd(h);
}

static void report(const struct tshm_check *check, struct tshm_findings *to, const struct tshm_group *g)
{
	const struct tshm_held *h = g->first;
	const char *name = tshm_held_name(h);
	TSHM_AUTO_FREE char *who = tshm_group_who(g);
	const char *kind = tshm_kind_name(h->object && h->object->kind ? h->object->kind : h->r.kind);
	struct tshm_finding *f;

	if (g->amount == 1)
		f = tshm_finding_add(to, check, TSHM_NOTE, "descriptor %u (%s%s%s) was open when %s ended", (unsigned)h->r.key,
				     kind, name ? " " : "", name ? name : "", who);
	else
		f = tshm_finding_add(to, check, TSHM_NOTE, "%s (%s%s%s first) from one place were open when %s ended",
				     tshm_text_plural(g->amount, "descriptor").s, kind, name ? " " : "", name ? name : "",
				     who);
	f->count = g->amount;
	f->object = h->object;
	f->image = g->image;
	f->site = g->site;
}

void tshm_check_fd_open_at_exit(const struct tshm_check *check, const struct tshm_run *run, struct tshm_findings *to)
{
	static const struct tshm_at_end others = { .counts = is_other, .least = 1, .most = SIZE_MAX };
	/* Of segments and memfds, those within the tolerance. */
	static const struct tshm_at_end few = { .counts = tshm_held_is_shared_fd, .least = 1, .most = TSHM_TOLERANCE };
	struct tshm_group *groups = NULL;

	tshm_group_at_end(run, &others, &groups);
	for (const struct tshm_group *g = groups; g; g = g->hh.next)
		report(check, to, g);
	tshm_groups_free(&groups);
	tshm_group_at_end(run, &few, &groups);
	for (const struct tshm_group *g = groups; g; g = g->hh.next)
		report(check, to, g);
	tshm_groups_free(&groups);
}
