/* SPDX-License-Identifier: MIT */
/*
 * A name that had been there was gone when a process wanted to attach to it.  Who asks for a name
 * until it is there, or makes it when it is not, is none of these: it got what it asked for.
 */
#include <string.h>

#include "check.h"

/* By open() a program may as well look whether a file is there. */
static bool is_attach(const struct tshm_past *fail)
{
	switch (fail->h.call) {
	case TSHM_CALL_shm_open:
	case TSHM_CALL_sem_open:
	case TSHM_CALL_mq_open:
	case TSHM_CALL___mq_open_2:
	case TSHM_CALL_shmget:
	case TSHM_CALL_shmat:
		return true;
	}
	return false;
}

/*
 * A program may want to know whether a name is gone; one that ends with an error afterwards did not.
 * Who removed it itself knew.
 */
static enum tshm_severity severity_of(const struct tshm_past *fail)
{
	bool badly = tshm_ended_badly(fail->image);

	if (fail->because && tshm_is_same_process(fail->because->image, fail->image))
		return TSHM_NOTE;
	if (is_attach(fail))
		return badly ? TSHM_ERROR : TSHM_WARNING;
	return badly ? TSHM_WARNING : TSHM_NOTE;
}

static char *remover_of(const struct tshm_past *fail)
{
	const struct tshm_past *r = fail->because;
	const struct tshm_past *c = fail->object->creator;
	TSHM_AUTO_FREE char *who = NULL;

	if (!r)
		return tshm_xstrdup("it had been there, and nobody observed removed it");
	if (tshm_is_same_process(r->image, fail->image))
		return tshm_xstrdup("it had removed it itself");
	who = tshm_who(r->image);
	return tshm_xasprintf("%s%s%s had removed it", c && tshm_is_same_process(r->image, c->image) ? "its creator " : "", who,
			      c && tshm_is_others_tracker(r->image, c->image) ? ", a resource tracker of another process," : "");
}

static const char *advice(const struct tshm_past *fail, enum tshm_severity severity)
{
	if (severity == TSHM_NOTE)
		return NULL;
	if (!fail->because)
		return "look for what clears the name space: logind's RemoveIPC (loginctl enable-linger), a cleaning job, a process that "
		       "was not observed";
	return "remove the name only when all who need it are attached, or hand them the descriptor (fork, SCM_RIGHTS)";
}

static void report(const struct tshm_check *check, struct tshm_findings *to, const struct tshm_group *g)
{
	const struct tshm_past *fail = g->first, *r = fail->because, *c = fail->object->creator;
	enum tshm_severity severity = severity_of(fail);
	TSHM_AUTO_FREE char *what = tshm_object_words(fail->object);
	TSHM_AUTO_FREE char *who = tshm_group_who(g);
	TSHM_AUTO_FREE char *remover = remover_of(fail);
	TSHM_AUTO_FREE char *times = tshm_group_times(g);
	const char *fix = advice(fail, severity);
	struct tshm_finding *f;

	f = tshm_finding_add(to, check, severity, "%s of %s failed in %s%s: %s", tshm_call_name(fail->h.call), what, who, times,
			     remover);
	f->advice = fix ? tshm_xstrdup(fix) : NULL;
	f->count = g->amount;
	f->object = fail->object;
	f->image = g->image;
	f->site = g->site;
	if (r) {
		f->image2 = r->image;
		f->site2 = tshm_removal_site(r);
		f->stack2_title = "removed by";
	} else if (c) {
		f->image2 = c->image;
		f->site2 = c->h.site;
		f->stack2_title = "created by";
	}
}

void tshm_check_shm_vanished(const struct tshm_check *check, const struct tshm_run *run, struct tshm_findings *to)
{
	struct tshm_group *groups = NULL;

	for (size_t i = 0; i < run->image_count; i++)
		for (size_t k = 0; k < run->images[i]->past_count; k++) {
			const struct tshm_past *p = &run->images[i]->past[k], *r = p->because;
			TSHM_AUTO_FREE char *where = NULL, *by = NULL, *key = NULL;

			if (p->h.type != TSHM_HIST_ATTACH_FAIL || !p->object)
				continue;
			where = tshm_site_key(p->image, p->h.site, true);
			by = r ? tshm_site_key(r->image, tshm_removal_site(r), true) : tshm_xstrdup("");
			key = tshm_xasprintf("%d %s %s %s", severity_of(p), p->image->exe, where, by);
			tshm_group_add(&groups, key, p->image, p->h.site, p, p->h.count ? p->h.count : 1, 0);
		}
	for (const struct tshm_group *g = groups; g; g = g->hh.next)
		report(check, to, g);
	tshm_groups_free(&groups);
}
