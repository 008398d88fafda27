/* SPDX-License-Identifier: MIT */
/* Names that outlived the run: what shm-, sem-, mq- and sysv-leaked share. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

#define NAMES_SHOWN 3

/* "/dev/shm/x", "/queue", "17 (key 0x2a)" */
static char *name_of(const struct tshm_object *o)
{
	if (o->space == TSHM_SPACE_SYSV)
		return o->creator->h.ipc_key ?
			tshm_xasprintf("%" PRId64 " (key 0x%" PRIx32 ")", o->sysv_id, (uint32_t)o->creator->h.ipc_key) :
			tshm_xasprintf("%" PRId64, o->sysv_id);
	/* The program knows nothing of the name that sem_open() gave it for a moment (presence.c). */
	if (o->space == TSHM_SPACE_SEM && o->creator->h.flags & TSHM_HIF_INTENT && o->name && o->creator->name &&
	    strcmp(o->name, o->creator->name) != 0)
		return tshm_xasprintf("%s (that was to become %s)", o->name, o->creator->name);
	return tshm_xstrdup(o->name ? o->name : "?");
}

/* What a person types to be rid of it. */
static char *removal(const struct tshm_object *o)
{
	TSHM_AUTO_FREE char *quoted = NULL;

	if (o->space == TSHM_SPACE_SYSV)
		return tshm_xasprintf("ipcrm -m %" PRId64, o->sysv_id);
	quoted = tshm_text_quote(o->name ? o->name : "?");
	if (o->space == TSHM_SPACE_MQ)
		return tshm_xasprintf("rm /dev/mqueue%s%s", quoted[0] == '/' ? "" : "/", quoted);
	return tshm_xasprintf("rm %s", quoted);
}

static enum tshm_severity severity_of(const struct tshm_object *o)
{
	if (o->state != TSHM_OBJECT_LEAKED)
		return TSHM_NOTE;
	return o->creator->h.flags & TSHM_HIF_EXCLUSIVE ? TSHM_ERROR : TSHM_WARNING;
}

/* "/dev/shm/a, /dev/shm/b, /dev/shm/c and 47 more" */
static char *list_of(const struct tshm_group *g)
{
	char *list = tshm_xstrdup("");

	for (size_t i = 0; i < g->count && i < NAMES_SHOWN; i++) {
		TSHM_AUTO_FREE char *name = name_of(g->items[i]);
		char *longer = tshm_xasprintf("%s%s%s", list, i ? ", " : "", name);

		free(list);
		list = longer;
	}
	if (g->count > NAMES_SHOWN) {
		char *longer = tshm_xasprintf("%s and %zu more", list, g->count - NAMES_SHOWN);

		free(list);
		list = longer;
	}
	return list;
}

static const char *fate(const struct tshm_run *run, const struct tshm_object *o, enum tshm_severity severity, bool many)
{
	bool hidden = run->hidden > 0;

	if (severity == TSHM_NOTE && o->holder_count)
		return many ? "are live: processes of the run hold them" : "is live: processes of the run hold it";
	if (severity == TSHM_NOTE)
		return many ? "are live: their creator still runs" : "is live: its creator still runs";
	if (severity == TSHM_WARNING) {
		if (hidden)
			return many ? "persist; nobody that you may look at holds them" :
				      "persists; nobody that you may look at holds it";
		return many ? "persist; nobody holds them" : "persists; nobody holds it";
	}
	if (hidden)
		return many ? "were never removed; nobody that you may look at holds them" :
			      "was never removed; nobody that you may look at holds it";
	return many ? "were never removed; nobody holds them" : "was never removed; nobody holds it";
}

static char *makers(const struct tshm_group *g, const struct tshm_object *o)
{
	TSHM_AUTO_FREE char *who = tshm_group_who(g);
	TSHM_AUTO_FREE char *rival = o->rival && g->count == 1 ? tshm_who(o->rival->image) : NULL;

	return rival ? tshm_xasprintf("%s or by %s", who, rival) : tshm_xstrdup(who);
}

static char *advice(const struct tshm_run *run, const struct tshm_left_name *kind, const struct tshm_group *g,
		    const struct tshm_object *o)
{
	TSHM_AUTO_FREE char *remove = removal(o);
	const char *also = g->image->state == TSHM_IMAGE_SIGNALED ?
		"its creator was killed: let a supervisor or the next start remove it" :
		"also on error paths and when it is told to end";

	/* What somebody may hold whom we cannot see is not to be removed without another look. */
	return tshm_xasprintf("%s where its owner is done with it; %s; %s: %s%s", kind->remove, also,
			      run->hidden ? "if nobody else uses it (tshm-report as root can tell), remove with" :
					    "remove now with", remove, g->count > 1 ? " (and the others)" : "");
}

static void report(const struct tshm_check *check, const struct tshm_run *run, struct tshm_findings *to,
		   const struct tshm_left_name *kind, const struct tshm_group *g)
{
	const struct tshm_object *o = g->first;
	enum tshm_severity severity = severity_of(o);
	TSHM_AUTO_FREE char *list = list_of(g);
	TSHM_AUTO_FREE char *who = makers(g, o);
	const char *what = fate(run, o, severity, g->count > 1);
	struct tshm_finding *f;

	if (g->count == 1)
		f = tshm_finding_add(to, check, severity, "%s %s (%s) was created by %s and %s", kind->word, list,
				     tshm_text_size(g->bytes).s, who, what);
	else
		f = tshm_finding_add(to, check, severity, "%s (%s, %s in all) were created by %s and %s",
				     tshm_text_plural(g->count, kind->word).s, list, tshm_text_size(g->bytes).s, who, what);
	if (severity != TSHM_NOTE)
		f->advice = advice(run, kind, g, o);
	f->count = g->count;
	f->bytes = g->bytes;
	f->object = o;
	f->image = g->image;
	f->site = g->site;
	if (o->rival) {
		f->image2 = o->rival->image;
		f->site2 = o->rival->h.site;
		f->stack2_title = "or created by";
	}
}

/* Its process, whatever it executed meanwhile. */
static bool still_runs(const struct tshm_image *im)
{
	while (im->next)
		im = im->next;
	return im->state == TSHM_IMAGE_RUNNING;
}

/* In use, but not by the run: handed over to somebody outside, or what tshm itself keeps. */
static bool is_others(const struct tshm_object *o)
{
	return o->state == TSHM_OBJECT_LIVE && !o->holder_count && (o->outsider_count || !still_runs(o->creator->image));
}

void tshm_check_left_names(const struct tshm_check *check, const struct tshm_run *run, struct tshm_findings *to,
			   const struct tshm_left_name *kind)
{
	struct tshm_group *groups = NULL;

	for (const struct tshm_object *o = run->objects; o; o = o->next) {
		const struct tshm_past *c = o->creator;
		TSHM_AUTO_FREE char *where = NULL, *key = NULL;

		if (o->space != kind->space || o->presence != TSHM_NAME_THERE || !c)
			continue;
		if (is_others(o))
			continue;
		where = tshm_site_key(c->image, c->h.site, true);
		/* What ended differently, or may have another maker, is told apart. */
		key = tshm_xasprintf("%d %d %d %s %s %s", severity_of(o), c->image->state, c->image->status,
				     o->holder_count ? "held" : "", c->image->exe, o->rival ? o->id : where);
		tshm_group_add(&groups, key, c->image, c->h.site, o, 1, o->size);
	}
	for (const struct tshm_group *g = groups; g; g = g->hh.next)
		report(check, run, to, kind, g);
	tshm_groups_free(&groups);
}
