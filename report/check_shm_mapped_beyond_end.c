/* SPDX-License-Identifier: MIT */
/*
 * Mappings of segments and memfds that reach past the last page of the object: a touch there is
 * SIGBUS.  To map more than there is yet, and to grow the object later, is a habit of some
 * databases, and to shrink and grow again one of pools; so only a death by SIGBUS is certain, if the
 * kernel tells the size: records do not follow what others do to an object.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>

#include "check.h"

#define PAGE 4096u

static bool is_mapping(const struct tshm_held *h)
{
	return h->r.kind == TSHM_KIND_MAPPING && h->object &&
	       (h->object->kind == TSHM_KIND_SEGMENT || h->object->kind == TSHM_KIND_MEMFD);
}

static bool is_descriptor(const struct tshm_held *h)
{
	return h->r.kind == TSHM_KIND_SEGMENT || h->r.kind == TSHM_KIND_MEMFD;
}

static bool by_sigbus(const struct tshm_image *im)
{
	return im->state == TSHM_IMAGE_SIGNALED && im->status == SIGBUS;
}

/* Who tells how large it is: nobody; what the image itself recorded; by the kernel those that run, itself, or who saw it die. */
enum word { NOBODY, RECORDS, RUNNING, ITSELF, SURVIVORS, NAME };

static bool tells(const struct tshm_held *h, const struct tshm_image *im, enum word who)
{
	const struct tshm_child *c = tshm_as_child(im);

	if (who != RECORDS && h->as_recorded)
		return false;
	if (who == RUNNING)		/* /proc was asked */
		return h->image->state == TSHM_IMAGE_RUNNING;
	if (who == SURVIVORS)		/* fstat() was, when it ended */
		return h->image != im && h->image->header.ended != TSHM_ENDED_NOT && c && c->end_mono &&
		       h->image->header.end_mono >= c->end_mono;
	return h->image == im;
}

/* What is asked of each object again and again: one may be mapped very often, so its records are looked through once. */
struct sizes {
	const struct tshm_object *object;
	const struct tshm_held **fds;
	size_t fd_count;
	uint64_t largest;		/* that it ever was, as far as anybody recorded */
	const struct tshm_image *image;	/* that was asked about last, and the answer */
	enum word word;
	uint64_t size;
	UT_hash_handle hh;
};

static struct sizes *sizes_of(struct sizes **all, const struct tshm_object *o)
{
	struct sizes *s;

	HASH_FIND_PTR(*all, &o, s);
	if (s)
		return s;
	s = tshm_xcalloc(1, sizeof(*s));
	s->object = o;
	s->fds = tshm_xcalloc(o->record_count, sizeof(*s->fds));
	for (size_t i = 0; i < o->record_count; i++) {
		if (is_descriptor(o->records[i]))
			s->fds[s->fd_count++] = o->records[i];
		if (o->records[i]->r.size > s->largest)
			s->largest = o->records[i]->r.size;
	}
	for (size_t i = 0; i < o->past_count; i++)
		if (o->pasts[i]->h.type != TSHM_HIST_REMOVAL && o->pasts[i]->h.size > s->largest)
			s->largest = o->pasts[i]->h.size;
	HASH_ADD_PTR(*all, object, s);
	return s;
}

static void forget(struct sizes **all)
{
	struct sizes *s, *next;

	HASH_ITER(hh, *all, s, next) {
		HASH_DEL(*all, s);
		free(s->fds);
		free(s);
	}
}

/* false: they do not know.  Records do not follow what others do to the object, or the image by a dup(): the smallest counts. */
static bool ask(const struct sizes *s, const struct tshm_image *im, enum word who, uint64_t *size)
{
	bool found = false;

	for (size_t i = 0; i < s->fd_count; i++) {
		const struct tshm_held *h = s->fds[i];

		if (!tells(h, im, who))
			continue;
		if (!found || (who == RECORDS ? h->r.size < *size : h->r.size > *size))
			*size = h->r.size;
		found = true;
	}
	return found;
}

static enum word find_size(const struct sizes *s, const struct tshm_image *im, uint64_t *size)
{
	const struct tshm_object *o = s->object;
	bool now = im->state == TSHM_IMAGE_RUNNING || by_sigbus(im);

	if (ask(s, im, now ? RUNNING : ITSELF, size))
		return now ? RUNNING : ITSELF;
	if (o->presence == TSHM_NAME_THERE) {
		*size = o->size;
		/* Of one that ended: only if nothing changed the object since. */
		return now || (im->header.end_wall && o->change_wall && o->change_wall <= im->header.end_wall) ? NAME : NOBODY;
	}
	if (!by_sigbus(im))
		return NOBODY;
	if (ask(s, im, SURVIVORS, size))
		return SURVIVORS;
	return ask(s, im, RECORDS, size) ? RECORDS : NOBODY;
}

/* The object's size while this image had it mapped, and by whose word. */
static enum word size_of(struct sizes *s, const struct tshm_held *m, uint64_t *size)
{
	if (s->image != m->image) {
		s->size = 0;
		s->word = find_size(s, m->image, &s->size);
		s->image = m->image;
	}
	*size = s->size;
	return s->word;
}

/* Bytes of the mapping that lie past the object's last page. */
static uint64_t beyond(const struct tshm_held *m, uint64_t size)
{
	uint64_t end = m->r.offset + m->r.length, last = (size + PAGE - 1) / PAGE * PAGE;

	if (end < m->r.offset || end <= last)
		return 0;
	return end - last < m->r.length ? end - last : m->r.length;
}

/* Was there once as much as is mapped? */
static bool was_larger(const struct sizes *s, const struct tshm_held *m)
{
	return !beyond(m, s->largest);
}

static enum tshm_severity severity_of(const struct sizes *s, const struct tshm_held *m, enum word word)
{
	if (by_sigbus(m->image))
		return word == RECORDS ? TSHM_WARNING : TSHM_ERROR;
	/* Who shrinks a pool may well let it grow again before anybody touches that. */
	return was_larger(s, m) || m->image->state == TSHM_IMAGE_RUNNING ? TSHM_WARNING : TSHM_NOTE;
}

static void report(const struct tshm_check *check, struct tshm_findings *to, const struct tshm_group *g,
		   struct sizes *s)
{
	const struct tshm_held *m = g->first;
	const struct tshm_past *c = m->object->creator;
	TSHM_AUTO_FREE char *what = tshm_object_words(m->object);
	TSHM_AUTO_FREE char *who = tshm_group_who(g);
	TSHM_AUTO_FREE char *more = g->count > 1 ? tshm_xasprintf(", and %zu more,", g->count - 1) : tshm_xstrdup("");
	uint64_t size = 0;
	enum word word = size_of(s, m, &size);
	struct tshm_finding *f;

	f = tshm_finding_add(to, check, severity_of(s, m, word), "a mapping of %s%s in %s reaches %s past its end (%s%s%s): %s", what, more,
			     who, tshm_text_size(beyond(m, size)).s, was_larger(s, m) ? "it was shrunk to " : "it has ",
			     tshm_text_size(size).s, word == RECORDS ? ", as far as was recorded" : "", by_sigbus(m->image) ? "it died of SIGBUS" :
			     m->image->state == TSHM_IMAGE_RUNNING ? "SIGBUS for who touches it" : "who touches that gets SIGBUS");
	f->advice = tshm_xstrdup("ftruncate() it to its size before it is mapped, map what fstat() tells, and unmap before it is shrunk; "
				 "F_SEAL_SHRINK keeps a memfd from it");
	f->count = g->count;
	f->bytes = g->bytes;
	f->object = m->object;
	f->image = g->image;
	f->site = g->site;
	if (c && c->h.site) {
		f->image2 = c->image;
		f->site2 = c->h.site;
		f->stack2_title = "created by";
	}
}

void tshm_check_shm_mapped_beyond_end(const struct tshm_check *check, const struct tshm_run *run, struct tshm_findings *to)
{
	struct tshm_group *groups = NULL;
	struct sizes *all = NULL;

	for (size_t i = 0; i < run->image_count; i++)
		for (size_t k = 0; k < run->images[i]->held_count; k++) {
			const struct tshm_held *m = &run->images[i]->held[k];
			TSHM_AUTO_FREE char *where = NULL, *key = NULL;
			struct sizes *s;
			enum word word;
			uint64_t size;

			if (m->dropped || !is_mapping(m) || m->image->state == TSHM_IMAGE_EXEC)
				continue;
			s = sizes_of(&all, m->object);
			word = size_of(s, m, &size);
			if (word == NOBODY || !beyond(m, size))
				continue;
			where = tshm_site_key(m->image, m->r.site, true);
			key = tshm_xasprintf("%d %d %s %s", severity_of(s, m, word), word == RECORDS, m->image->exe, where);
			tshm_group_add(&groups, key, m->image, m->r.site, m, 1, beyond(m, size));
		}
	for (const struct tshm_group *g = groups; g; g = g->hh.next)
		report(check, to, g, sizes_of(&all, ((const struct tshm_held *)g->first)->object));
	tshm_groups_free(&groups);
	forget(&all);
}
