/* SPDX-License-Identifier: MIT */
/*
 * Objects: what the resources of several processes refer to.
 *
 * (device, inode) names an object of a unique kind only for a time: when it is gone
 * its number may come again.  Records that made an object say when, so each of them
 * begins a new generation of its number, and everything else belongs to the last one
 * that had begun by then.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "join.h"
#include "reader.h"
#include <uthash.h>

struct ident { uint64_t dev, ino, sysv, domain; };

struct bucket {				/* one number and the objects that had it */
	struct ident ident;
	struct tshm_past **births;	/* records that made one, by time */
	size_t birth_count, birth_capacity;
	struct tshm_object **objects;	/* birth_count + 1; [0] was there before the first of them */
	UT_hash_handle hh;
};

struct tshm_objects {
	struct tshm_run *run;
	struct bucket *buckets;
	struct tshm_object **last;	/* where the list of objects ends */
};

static bool past_ident(const struct tshm_past *p, struct ident *ident)
{
	memset(ident, 0, sizeof(*ident));
	ident->domain = p->image->domain;
	if (p->h.flags & TSHM_HIF_INTENT)
		return false;
	if (p->h.space == TSHM_SPACE_SYSV) {
		ident->sysv = 1;
		ident->ino = (uint64_t)p->h.id;
		return p->h.id >= 0;
	}
	ident->dev = p->h.dev;
	ident->ino = p->h.ino;
	return p->h.flags & TSHM_HIF_IDENT;
}

static bool held_ident(const struct tshm_held *h, struct ident *ident)
{
	memset(ident, 0, sizeof(*ident));
	ident->domain = h->image->domain;
	if (!(h->r.flags & TSHM_RF_IDENT) || !tshm_kind_unique(h->r.kind))
		return false;
	ident->sysv = h->r.kind == TSHM_KIND_ATTACHMENT;
	ident->dev = ident->sysv ? 0 : h->r.dev;
	ident->ino = h->r.ino;
	return true;
}

bool tshm_past_is_renamed(const struct tshm_past *p)
{
	switch (p->h.call) {
	case TSHM_CALL_rename:
	case TSHM_CALL_renameat:
	case TSHM_CALL_renameat2:
	case TSHM_CALL_link:
	case TSHM_CALL_linkat:
		return true;
	}
	return p->h.flags & TSHM_HIF_LINKED || (p->h.flags & TSHM_HIF_RENAMED && p->h.link);
}

static bool is_birth(const struct tshm_past *p)
{
	if (p->h.flags & TSHM_HIF_INHERITED || tshm_past_is_renamed(p))
		return false;
	return p->h.type == TSHM_HIST_SEGMENT || (p->h.type == TSHM_HIST_NAME && p->h.flags & TSHM_HIF_EXCLUSIVE);
}

static struct bucket *bucket_of(struct tshm_objects *o, const struct ident *ident)
{
	struct bucket *b;

	HASH_FIND(hh, o->buckets, ident, sizeof(*ident), b);
	if (!b) {
		b = tshm_xcalloc(1, sizeof(*b));
		b->ident = *ident;
		HASH_ADD(hh, o->buckets, ident, sizeof(b->ident), b);
	}
	return b;
}

static struct tshm_object *new_object(struct tshm_objects *o)
{
	struct tshm_object *object = tshm_arena_alloc(&o->run->own->arena, sizeof(*object));

	object->sysv_id = -1;
	*o->last = object;
	o->last = &object->next;
	o->run->object_count++;
	return object;
}

static struct tshm_object *object_at(struct tshm_objects *o, const struct ident *ident, uint64_t mono)
{
	struct bucket *b = bucket_of(o, ident);
	size_t n = b->birth_count;

	/* A record and the birth that it belongs to may be noted in either order, a tick apart. */
	while (n && b->births[n - 1]->h.begin_mono > mono + TSHM_TICK_NS)
		n--;
	/* What is older than every birth is older by a mere tick, or another object. */
	if (!b->objects)
		b->objects = tshm_xcalloc(b->birth_count + 1, sizeof(*b->objects));
	if (!b->objects[n]) {
		struct tshm_object *object = b->objects[n] = new_object(o);

		object->has_ident = true;
		object->domain = (unsigned)ident->domain;
		object->dev = ident->dev;
		object->ino = ident->ino;
		if (ident->sysv) {
			object->sysv_id = (int64_t)ident->ino;
			object->space = TSHM_SPACE_SYSV;
			object->kind = TSHM_KIND_ATTACHMENT;
		}
		if (n)
			object->creator = b->births[n - 1];
		/* Told from its namesakes by a suffix; the id proper is made when the kind is known. */
		if (n > 1)
			snprintf(object->id, sizeof(object->id), ".%zu", n);
	}
	return b->objects[n];
}

static int by_begin(const void *a, const void *b)
{
	const struct tshm_past *x = *(struct tshm_past *const *)a, *y = *(struct tshm_past *const *)b;

	return (x->h.begin_mono > y->h.begin_mono) - (x->h.begin_mono < y->h.begin_mono);
}

static void collect_births(struct tshm_objects *o)
{
	struct tshm_run *run = o->run;

	for (size_t i = 0; i < run->image_count; i++)
		for (size_t k = 0; k < run->images[i]->past_count; k++) {
			struct tshm_past *p = &run->images[i]->past[k];
			struct ident ident;
			struct bucket *b;

			if (!is_birth(p) || !past_ident(p, &ident))
				continue;
			b = bucket_of(o, &ident);
			TSHM_GROW(b->births, b->birth_count, b->birth_capacity);
			b->births[b->birth_count++] = p;
		}
	for (struct bucket *b = o->buckets; b; b = b->hh.next)
		if (b->birth_count)
			qsort(b->births, b->birth_count, sizeof(*b->births), by_begin);
}

/* ---- what is known of an object ---- */

static uint16_t kind_of_space(unsigned space)
{
	switch (space) {
	case TSHM_SPACE_SHM: return TSHM_KIND_SEGMENT;
	case TSHM_SPACE_SEM: return TSHM_KIND_SEMAPHORE;
	case TSHM_SPACE_MQ: return TSHM_KIND_MQUEUE;
	case TSHM_SPACE_SYSV: return TSHM_KIND_ATTACHMENT;
	case TSHM_SPACE_MEMFD: return TSHM_KIND_MEMFD;
	case TSHM_SPACE_SOCKET: return TSHM_KIND_SOCKET;
	}
	return TSHM_KIND_NONE;
}

/* A descriptor's kind says more than a mapping's. */
static void learn_kind(struct tshm_object *object, uint16_t kind)
{
	if (!object->kind || object->kind == TSHM_KIND_MAPPING || object->kind == TSHM_KIND_DESCRIPTOR ||
	    (object->kind == TSHM_KIND_FILE && (kind == TSHM_KIND_SEGMENT || kind == TSHM_KIND_MEMFD)))
		object->kind = kind;
}

void tshm_object_add_past(struct tshm_object *object, struct tshm_past *p)
{
	uint16_t kind = kind_of_space(p->h.space);

	p->object = object;
	if (!(object->past_count & (object->past_count - 1)))
		object->pasts = tshm_xreallocarray(object->pasts, object->past_count ? 2 * object->past_count : 1,
						   sizeof(*object->pasts));
	object->pasts[object->past_count++] = p;
	if (p->h.type == TSHM_HIST_REMOVAL) {
		if (!(p->h.flags & (TSHM_HIF_RENAMED | TSHM_HIF_INHERITED)))
			object->remover = p;
		return;
	}
	if (kind)
		object->kind = kind;
	if (p->h.space)
		object->space = p->h.space;
	if (p->h.size > object->size)
		object->size = p->h.size;
	if (p->name && (!object->name || p->h.type == TSHM_HIST_NAME))
		object->name = p->name;
}

static void add_record(struct tshm_object *object, struct tshm_held *h)
{
	h->object = object;
	if (!(object->record_count & (object->record_count - 1)))
		object->records = tshm_xreallocarray(object->records, object->record_count ? 2 * object->record_count : 1,
						     sizeof(*object->records));
	object->records[object->record_count++] = h;
	learn_kind(object, h->r.kind);
	if (h->r.size > object->size)
		object->size = h->r.size;
	if (h->r.kind == TSHM_KIND_CUDA_MEMORY)
		object->size = h->r.length;
	if (!object->name)
		object->name = h->name;
}

static void add_held(struct tshm_objects *o, struct tshm_held *h)
{
	struct ident ident;
	struct tshm_object *object;

	if (held_ident(h, &ident)) {
		/* Without a time it is the newest. */
		uint64_t mono = h->r.acquired_mono ? h->r.acquired_mono : UINT64_MAX / 2;

		object = object_at(o, &ident, mono);
	} else {
		object = new_object(o);
		if (h->r.kind == TSHM_KIND_CUDA_MEMORY)
			snprintf(object->id, sizeof(object->id), "cuda:%.16s:%" PRIx64, h->image->id, h->r.key);
		else
			snprintf(object->id, sizeof(object->id), "%s:%.16s:%" PRIu64,
				 tshm_kind_by(h->r.kind) == TSHM_BY_DESCRIPTOR ? "fd" : "at", h->image->id, h->r.key);
	}
	add_record(object, h);
}

/* A removal that did not learn what it removed: the last object that had the name by then. */
struct named { const char *name; struct tshm_past **list; size_t count, capacity; UT_hash_handle hh; };

static void join_removals(struct tshm_run *run)
{
	struct named *names = NULL, *n, *next;

	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < run->image_count; i++)
			for (size_t k = 0; k < run->images[i]->past_count; k++) {
				struct tshm_past *p = &run->images[i]->past[k], *best = NULL;

				if (!p->name || p->h.type != (pass ? TSHM_HIST_REMOVAL : TSHM_HIST_NAME) ||
				    !p->object == !pass || p->h.flags & TSHM_HIF_INTENT)
					continue;
				HASH_FIND_STR(names, p->name, n);
				if (!n && !pass) {
					n = tshm_xcalloc(1, sizeof(*n));
					n->name = p->name;
					HASH_ADD_KEYPTR(hh, names, n->name, strlen(n->name), n);
				}
				if (!pass) {
					TSHM_GROW(n->list, n->count, n->capacity);
					n->list[n->count++] = p;
					continue;
				}
				for (size_t m = 0; n && m < n->count; m++)
					if (n->list[m]->h.space == p->h.space && n->list[m]->image->domain == p->image->domain &&
					    n->list[m]->h.begin_mono <= p->h.begin_mono + TSHM_TICK_NS &&
					    (!best || n->list[m]->h.begin_mono >= best->h.begin_mono))
						best = n->list[m];
				if (best)
					tshm_object_add_past(best->object, p);
			}
	HASH_ITER(hh, names, n, next) {
		HASH_DEL(names, n);
		free(n->list);
		free(n);
	}
}

static const char *id_prefix(const struct tshm_object *object)
{
	switch (object->kind) {
	case TSHM_KIND_SEGMENT: return "shm";
	case TSHM_KIND_SEMAPHORE: return "sem";
	case TSHM_KIND_MQUEUE: return "mq";
	case TSHM_KIND_MEMFD: return "memfd";
	case TSHM_KIND_SOCKET: return "socket";
	case TSHM_KIND_PIPE: return "pipe";
	}
	return "file";
}

static void set_id(struct tshm_object *object)
{
	char suffix[sizeof(object->id)];

	if (!object->has_ident)
		return;
	snprintf(suffix, sizeof(suffix), "%.8s", object->id);
	/* The first host's are called as if there were no other. */
	if (object->domain)
		snprintf(suffix + strlen(suffix), sizeof(suffix) - strlen(suffix), "@%u", object->domain + 1);
	if (object->sysv_id >= 0)
		snprintf(object->id, sizeof(object->id), "sysv:%" PRId64 "%.20s", object->sysv_id, suffix);
	else
		snprintf(object->id, sizeof(object->id), "%s:%" PRIx64 ":%" PRIu64 "%.20s", id_prefix(object), object->dev,
			 object->ino, suffix);
}

/* ---- in whole ---- */

struct tshm_objects *tshm_objects_make(struct tshm_run *run)
{
	struct tshm_objects *o = tshm_xcalloc(1, sizeof(*o));
	struct ident ident;

	o->run = run;
	o->last = &run->objects;
	collect_births(o);
	for (size_t i = 0; i < run->image_count; i++) {
		struct tshm_image *im = run->images[i];

		for (size_t k = 0; k < im->past_count; k++) {
			struct tshm_past *p = &im->past[k];

			if (p->h.type > TSHM_HIST_SEGMENT || !past_ident(p, &ident))
				continue;
			tshm_object_add_past(object_at(o, &ident, p->h.begin_mono), p);
		}
		for (size_t k = 0; k < im->held_count; k++)
			if (!im->held[k].dropped)
				add_held(o, &im->held[k]);
	}
	join_removals(run);
	return o;
}

struct tshm_object *tshm_objects_at(struct tshm_objects *o, unsigned domain, bool sysv, uint64_t dev, uint64_t ino,
				    uint64_t mono)
{
	struct ident ident;

	memset(&ident, 0, sizeof(ident));
	ident.domain = domain;
	ident.sysv = sysv;
	ident.dev = sysv ? 0 : dev;
	ident.ino = ino;
	return object_at(o, &ident, mono);
}

void tshm_objects_done(struct tshm_objects *o)
{
	struct bucket *b, *next;

	for (struct tshm_object *object = o->run->objects; object; object = object->next)
		set_id(object);
	HASH_ITER(hh, o->buckets, b, next) {
		HASH_DEL(o->buckets, b);
		free(b->births);
		free(b->objects);
		free(b);
	}
	free(o);
}
