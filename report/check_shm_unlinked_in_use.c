/* SPDX-License-Identifier: MIT */
/*
 * A name was taken away by a process that did not make it while another still used it.  Often so
 * agreed (who receives it removes it); not so if somebody still came for the name, or if it was
 * Python's resource tracker of a process that only attached to it.
 */
#include <stdlib.h>

#include "check.h"

/* Did it live at that time? */
static bool lived(const struct tshm_image *im, uint64_t mono)
{
	const struct tshm_child *c = tshm_as_child(im);

	if (im->state == TSHM_IMAGE_RUNNING)
		return true;
	if (im->header.end_mono)
		return im->header.end_mono > mono;
	return c && TSHM_STAMP_STATE(c->stamp) == TSHM_STATE_CLOSED && c->end_mono > mono;
}

/*
 * Some process but the remover's that had it then, as far as that is still known; or NULL.  Who waits for
 * the name to go may let go of it before the remover's call has returned.
 */
static const struct tshm_image *user_of(const struct tshm_object *o, const struct tshm_past *r)
{
	uint64_t done = r->h.end_mono, then = r->h.type == TSHM_HIST_REMOVAL ? r->h.begin_mono : done;

	for (size_t i = 0; i < o->past_count; i++) {
		const struct tshm_past *p = o->pasts[i];

		if (p->h.type == TSHM_HIST_NAME && p->h.low > 0 && (uint64_t)p->h.low > then && p->h.begin_mono < done &&
		    !tshm_is_same_process(p->image, r->image))
			return p->image;
	}
	for (size_t i = 0; i < o->record_count; i++) {
		const struct tshm_held *h = o->records[i];

		if (h->r.acquired_mono && h->r.acquired_mono < done && lived(h->image, then) &&
		    !tshm_is_same_process(h->image, r->image))
			return h->image;
	}
	return NULL;
}

/* Did its maker want to remove it itself, later, and find it gone? */
static bool was_missed(const struct tshm_object *o)
{
	for (size_t i = 0; i < o->past_count; i++)
		if (o->pasts[i]->h.flags & TSHM_HIF_GONE && o->pasts[i]->h.end_site)
			return true;
	return false;
}

/* Those that asked for a name in vain because somebody had removed it: few. */
struct late {
	const struct tshm_past **list;
	size_t count, capacity;
};

static void find_late(const struct tshm_run *run, struct late *late)
{
	for (size_t i = 0; i < run->image_count; i++)
		for (size_t k = 0; k < run->images[i]->past_count; k++) {
			const struct tshm_past *p = &run->images[i]->past[k];

			if (p->h.type != TSHM_HIST_ATTACH_FAIL || !p->object || !p->because ||
			    tshm_is_same_process(p->image, p->because->image))
				continue;
			TSHM_GROW(late->list, late->count, late->capacity);
			late->list[late->count++] = p;
		}
}

/* One that came after this removal; one that ended with an error rather than another. */
static const struct tshm_past *late_comer(const struct late *late, const struct tshm_past *r)
{
	const struct tshm_past *best = NULL;

	for (size_t i = 0; i < late->count; i++)
		if (late->list[i]->because == r && (!best || tshm_ended_badly(late->list[i]->image)))
			best = late->list[i];
	return best;
}

static void report(const struct tshm_check *check, struct tshm_findings *to, const struct tshm_object *o,
		   const struct tshm_image *user, const struct tshm_past *late)
{
	const struct tshm_past *r = o->remover, *c = o->creator;
	bool tracker = tshm_is_others_tracker(r->image, c->image);
	enum tshm_severity severity = tracker || (late && tshm_ended_badly(late->image)) ? TSHM_ERROR :
				      late ? TSHM_WARNING : TSHM_NOTE;
	TSHM_AUTO_FREE char *what = tshm_object_words(o);
	TSHM_AUTO_FREE char *creator = tshm_who(c->image);
	TSHM_AUTO_FREE char *remover = tshm_who(r->image);
	TSHM_AUTO_FREE char *using = user && !tshm_is_same_process(user, c->image) ? tshm_who(user) : NULL;
	TSHM_AUTO_FREE char *asked = late ? tshm_who(late->image) : NULL;
	struct tshm_finding *f;

	f = tshm_finding_add(to, check, severity, "%s (%s), created by %s, was removed by %s%s%s%s%s%s", what,
			     tshm_text_size(o->size).s, creator, remover,
			     tracker ? ", the resource tracker of another process," : "",
			     using ? " while used by " : user ? " while its creator used it" :
			     late ? "" : " and its creator missed it", using ? using : "",
			     late ? "; later it was missed by " : "", asked ? asked : "");
	if (tracker)
		f->advice = tshm_xstrdup("attach with track=False (Python 3.13), or call resource_tracker.unregister(shm._name, "
					 "\"shared_memory\") after attaching, or start who attaches by multiprocessing: then the tracker is shared");
	else if (severity != TSHM_NOTE)
		f->advice = tshm_xstrdup("leave the removal to one owner, when all who need the name are attached");
	f->bytes = o->size;
	f->object = o;
	f->image = r->image;
	f->site = tshm_removal_site(r);
	f->image2 = c->image;
	f->site2 = c->h.site;
	f->stack2_title = "created by";
}

void tshm_check_shm_unlinked_in_use(const struct tshm_check *check, const struct tshm_run *run, struct tshm_findings *to)
{
	struct late came = { NULL, 0, 0 };

	find_late(run, &came);
	for (const struct tshm_object *o = run->objects; o; o = o->next) {
		const struct tshm_past *r = o->remover, *late;
		const struct tshm_image *user;

		if (!r || !o->creator || o->space == TSHM_SPACE_SOCKET || tshm_is_same_process(r->image, o->creator->image))
			continue;
		user = user_of(o, r);
		late = late_comer(&came, r);
		if (user || late || (was_missed(o) && tshm_is_tracker(r->image)))
			report(check, to, o, user, late);
	}
	free(came.list);
}
