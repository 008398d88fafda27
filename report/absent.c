/* SPDX-License-Identifier: MIT */
/*
 * Names that were asked for and were not there: had they been there before, in this run, and who
 * took them away?  Times of different processes are compared, so what was noted after one call is
 * only set against what was noted before the other.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "join.h"
#include <uthash.h>

struct known {				/* a name, and what is told of it */
	char *label;
	struct tshm_past **names, **removals;
	size_t name_count, name_capacity, removal_count, removal_capacity;
	UT_hash_handle hh;
};

/* Names of several runs are the same only under one kernel. */
static char *label_of(const struct tshm_past *p, int64_t id, int64_t key)
{
	unsigned domain = p->image->domain, space = p->h.space;

	if (space != TSHM_SPACE_SYSV)
		return p->name ? tshm_xasprintf("%u %u %s", domain, space, p->name) : NULL;
	if (id >= 0)
		return tshm_xasprintf("%u %u %" PRId64, domain, space, id);
	return key ? tshm_xasprintf("%u %u key %" PRId64, domain, space, key) : NULL;
}

static struct known *find(struct known *all, const char *label)
{
	struct known *k = NULL;

	if (label)
		HASH_FIND_STR(all, label, k);
	return k;
}

static void add(struct known **all, char *label, struct tshm_past *p)
{
	struct known *k = find(*all, label);

	if (!label)
		return;
	if (!k) {
		k = tshm_xcalloc(1, sizeof(*k));
		k->label = tshm_xstrdup(label);
		HASH_ADD_KEYPTR(hh, *all, k->label, strlen(k->label), k);
	}
	if (p->h.type == TSHM_HIST_NAME) {
		TSHM_GROW(k->names, k->name_count, k->name_capacity);
		k->names[k->name_count++] = p;
	} else {
		TSHM_GROW(k->removals, k->removal_count, k->removal_capacity);
		k->removals[k->removal_count++] = p;
	}
}

static void learn(struct known **all, struct tshm_past *p)
{
	TSHM_AUTO_FREE char *label = label_of(p, p->h.id, 0);
	TSHM_AUTO_FREE char *key = p->h.space == TSHM_SPACE_SYSV ? label_of(p, -1, p->h.ipc_key) : NULL;

	add(all, label, p);
	add(all, key, p);
}

static bool is_name(const struct tshm_past *p)
{
	return p->h.type == TSHM_HIST_NAME && p->object && p->h.before_mono &&
	       !(p->h.flags & (TSHM_HIF_INHERITED | TSHM_HIF_INTENT));
}

/* Is it of another thing, that merely has the same name: in another mount, or there earlier or later? */
static bool is_other(const struct tshm_past *name, const struct tshm_past *event)
{
	const struct tshm_history *n = &name->h, *e = &event->h;
	uint64_t there = name->image->header.shm_dev, here = event->image->header.shm_dev;

	if (n->space == TSHM_SPACE_SYSV)
		return n->id >= 0 && e->id >= 0 && n->id != e->id;
	if (n->space <= TSHM_SPACE_SEM && here && there && here != there)
		return true;
	return n->flags & e->flags & TSHM_HIF_IDENT && (n->dev != e->dev || n->ino != e->ino);
}

/* The newest that was there, as its maker saw, before the call that did not find it. */
static struct tshm_past *newest(const struct known *k, const struct tshm_past *fail)
{
	struct tshm_past *best = NULL;

	for (size_t i = 0; i < k->name_count; i++) {
		struct tshm_past *n = k->names[i];

		if (n->h.before_mono > fail->h.end_mono || is_other(n, fail))
			continue;
		if (!best || n->h.before_mono > best->h.before_mono)
			best = n;
	}
	return best;
}

/* The last end of that name which was noted by then, and whether there was a later one. */
static struct tshm_past *end_of(const struct known *k, struct tshm_past *name, uint64_t by, bool *later)
{
	struct tshm_past *best = NULL;

	*later = false;
	if (name->h.flags & TSHM_HIF_REMOVED) {
		if (name->h.end_mono <= by)
			best = name;
		else
			*later = true;
	}
	for (size_t i = 0; i < k->removal_count; i++) {
		struct tshm_past *r = k->removals[i];

		if (r->h.end_mono < name->h.begin_mono || is_other(name, r))
			continue;
		if (r->h.end_mono > by)
			*later = true;
		else if (!best || r->h.end_mono > best->h.end_mono)
			best = r;
	}
	return best;
}

static void resolve(struct known *all, struct tshm_past *fail, bool complete)
{
	TSHM_AUTO_FREE char *label = label_of(fail, fail->h.id, fail->h.ipc_key);
	const struct known *k = find(all, label);
	struct tshm_past *name = k ? newest(k, fail) : NULL;
	enum tshm_presence presence;
	bool later;

	if (!name)
		return;
	fail->because = end_of(k, name, fail->h.end_mono, &later);
	presence = name->object->presence;
	/* Nobody observed removed it: then the kernel must say that it is gone, and no record may be missing. */
	if (!fail->because && (later || !complete || (presence != TSHM_NAME_NONE && presence != TSHM_NAME_OTHER)))
		return;
	fail->object = name->object;
}

static bool is_complete(const struct tshm_run *run)
{
	for (size_t i = 0; i < run->image_count; i++) {
		const struct tshm_section *s = &run->images[i]->header.sections[TSHM_SEC_HISTORY];

		if (run->images[i]->observed && (s->recycled || s->lost))
			return false;
	}
	return true;
}

static void forget(struct known *all)
{
	struct known *k, *next;

	HASH_ITER(hh, all, k, next) {
		HASH_DEL(all, k);
		free(k->label);
		free(k->names);
		free(k->removals);
		free(k);
	}
}

void tshm_absent_join(struct tshm_run *run)
{
	struct known *all = NULL;
	bool any = false, complete = is_complete(run);

	for (int pass = 0; pass < 3 && (any || !pass); pass++)
		for (size_t i = 0; i < run->image_count; i++)
			for (size_t k = 0; k < run->images[i]->past_count; k++) {
				struct tshm_past *p = &run->images[i]->past[k];
				bool fail = p->h.type == TSHM_HIST_ATTACH_FAIL && !p->h.extra;

				if (pass == 0)
					any |= fail;
				else if (pass == 1 && (is_name(p) || p->h.type == TSHM_HIST_REMOVAL))
					learn(&all, p);
				else if (pass == 2 && fail)
					resolve(all, p, complete);
			}
	forget(all);
}
