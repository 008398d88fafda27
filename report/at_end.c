/* SPDX-License-Identifier: MIT */
/* What images held when they ended, by the place that acquired it. */
#include <stdlib.h>
#include <string.h>

#include "check.h"

const char *tshm_held_name(const struct tshm_held *h)
{
	return h->name ? h->name : h->object ? h->object->name : NULL;
}

bool tshm_held_was_acquired(const struct tshm_held *h)
{
	return h->r.origin == TSHM_ORIGIN_CREATED || h->r.origin == TSHM_ORIGIN_OPENED ||
	       h->r.origin == TSHM_ORIGIN_DUPLICATED || h->r.origin == TSHM_ORIGIN_RECEIVED;
}

bool tshm_held_is_shared_fd(const struct tshm_held *h)
{
	uint16_t kind = h->object && h->object->kind ? h->object->kind : h->r.kind;

	return tshm_kind_by(h->r.kind) == TSHM_BY_DESCRIPTOR && h->r.key > 2 && tshm_held_was_acquired(h) &&
	       (kind == TSHM_KIND_SEGMENT || kind == TSHM_KIND_MEMFD);
}

/* Did it end, and is its last word worth something?  After exec its mappings are gone and its descriptors the successor's. */
static bool is_asked(const struct tshm_image *im, const struct tshm_at_end *what)
{
	if (!im->observed || im->state == TSHM_IMAGE_RUNNING || im->state == TSHM_IMAGE_EXEC ||
	    im->header.ended == TSHM_ENDED_EXEC)
		return false;
	return what->killed_too || (im->header.ended != TSHM_ENDED_NOT && im->header.end_checked);
}

static uint64_t bytes_of(const struct tshm_held *h)
{
	if (tshm_kind_by(h->r.kind) == TSHM_BY_RANGE)
		return h->r.length;
	return h->r.kind == TSHM_KIND_SEGMENT || h->r.kind == TSHM_KIND_MEMFD ? h->r.size : 0;
}

/* Several descriptors of one object do not make it larger; each mapping takes addresses of its own. */
struct counted {
	struct {
		const struct tshm_group *place;
		const struct tshm_object *object;
	} key;
	UT_hash_handle hh;
};

static bool is_new_there(struct counted **all, const struct tshm_group *place, const struct tshm_object *object)
{
	struct counted *c, key = { .key = { place, object } };

	HASH_FIND(hh, *all, &key.key, sizeof(key.key), c);
	if (c)
		return false;
	c = tshm_xcalloc(1, sizeof(*c));
	c->key = key.key;
	HASH_ADD(hh, *all, key, sizeof(c->key), c);
	return true;
}

static void add_bytes(struct counted **all, struct tshm_group *place, const struct tshm_group *leaf)
{
	for (size_t i = 0; i < leaf->count; i++) {
		const struct tshm_held *h = leaf->items[i];
		uint64_t bytes = bytes_of(h);

		if (bytes && (!h->object || tshm_kind_by(h->r.kind) == TSHM_BY_RANGE || is_new_there(all, place, h->object)))
			place->bytes += bytes;
	}
}

static void free_counted(struct counted **all)
{
	struct counted *c, *next;

	HASH_ITER(hh, *all, c, next) {
		HASH_DEL(*all, c);
		free(c);
	}
}

void tshm_group_at_end(const struct tshm_run *run, const struct tshm_at_end *what, struct tshm_group **all)
{
	struct counted *counted = NULL;

	for (size_t i = 0; i < run->image_count; i++) {
		const struct tshm_image *im = run->images[i];
		struct tshm_group *leaves = NULL;

		if (!is_asked(im, what))
			continue;
		for (size_t k = 0; k < im->held_count; k++) {
			const struct tshm_held *h = &im->held[k];
			TSHM_AUTO_FREE char *key = NULL;

			if (h->dropped || !what->counts(h))
				continue;
			key = tshm_site_key(im, h->r.site, false);
			tshm_group_add(&leaves, key, im, h->r.site, h, 1, 0);
		}
		for (const struct tshm_group *g = leaves; g; g = g->hh.next) {
			const struct tshm_held *first = g->first;
			struct tshm_group *place;
			TSHM_AUTO_FREE char *key = NULL;

			if (g->count < what->least || g->count > what->most)
				continue;
			/* The same place in many processes of a program is one fact. */
			key = tshm_xasprintf("%s %d %s", im->exe, first->as_recorded, g->key);
			place = tshm_group_add(all, key, im, g->site, first, g->count, 0);
			place->as_recorded = first->as_recorded;
			add_bytes(&counted, place, g);
		}
		tshm_groups_free(&leaves);
	}
	free_counted(&counted);
}
