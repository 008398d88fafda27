/* SPDX-License-Identifier: MIT */
/* Who made what lies there, and does he live?  The name tells it, or the kernel, or the ledger of a run. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alive.h"
#include "model.h"
#include "runs.h"
#include "system.h"
#include "text.h"
#include "xalloc.h"
#include <uthash.h>

static enum tshm_item_kind kind_of(unsigned space)
{
	return space == TSHM_SPACE_SEM ? TSHM_ITEM_SEMAPHORE : space == TSHM_SPACE_MQ ? TSHM_ITEM_QUEUE :
	       space == TSHM_SPACE_SYSV ? TSHM_ITEM_SYSV : TSHM_ITEM_SEGMENT;
}

/* Items by what they are: there may be very many, and a ledger may know of as many objects. */
struct place {
	struct { uint64_t kind, dev, ino; } key;
	struct tshm_item *item;
	UT_hash_handle hh;
};

static struct place *index_items(struct tshm_system *s)
{
	struct place *all = NULL, *p, *there;

	for (size_t n = 0; n < s->items.count; n++) {
		struct tshm_item *i = &s->items.list[n];

		p = tshm_xcalloc(1, sizeof(*p));
		p->key.kind = i->kind;
		p->key.dev = i->kind == TSHM_ITEM_SYSV ? 0 : i->dev;
		p->key.ino = i->kind == TSHM_ITEM_SYSV ? (uint64_t)i->id : i->ino;
		p->item = i;
		HASH_FIND(hh, all, &p->key, sizeof(p->key), there);
		if (there)		/* a second link */
			free(p);
		else
			HASH_ADD(hh, all, key, sizeof(p->key), p);
	}
	return all;
}

static void drop_index(struct place *all)
{
	struct place *p, *next;

	HASH_ITER(hh, all, p, next) {
		HASH_DEL(all, p);
		free(p);
	}
}

static struct tshm_item *item_of(struct place *all, const struct tshm_object *o)
{
	bool sysv = o->space == TSHM_SPACE_SYSV;
	struct place *p, key = { .key = { kind_of(o->space), sysv ? 0 : o->dev, sysv ? (uint64_t)o->sysv_id : o->ino } };

	HASH_FIND(hh, all, &key.key, sizeof(key.key), p);
	return p ? p->item : NULL;
}

static bool lives(const struct tshm_past *p)
{
	const struct tshm_image *im = p->image;

	while (im->next)
		im = im->next;
	return im->state == TSHM_IMAGE_RUNNING;
}

/* What others wrote may lie: of a maker only a ledger of that user, or our own, is believed. */
static bool is_believed(const struct tshm_past *p, const struct tshm_item *i)
{
	struct stat st;

	return p->image->path && !lstat(p->image->path, &st) && (st.st_uid == i->uid || st.st_uid == geteuid());
}

static void learn_object(struct place *all, const struct tshm_object *o)
{
	const struct tshm_past *p = o->creator;
	struct tshm_item *i;

	if (!p || !o->space || o->space == TSHM_SPACE_MEMFD || o->presence != TSHM_NAME_THERE)
		return;
	i = item_of(all, o);
	if (!i || !is_believed(p, i))
		return;
	i->known_by = TSHM_BY_LEDGER;
	if (i->kind != TSHM_ITEM_SYSV)	/* there the kernel's number is what it will be known by again */
		i->maker = p->image->live_pid ? p->image->live_pid : (pid_t)p->image->header.pid;
	i->maker_lives = lives(p) || (o->rival && lives(o->rival)) || o->holder_count;
	free(i->maker_text);
	i->maker_text = tshm_xasprintf("%s (pid %d)", tshm_text_base(p->image->exe ? p->image->exe : "?"),
				       (int)p->image->header.pid);
}

static void ask_ledgers(struct tshm_system *s)
{
	struct tshm_run_list *runs = tshm_runs_list();
	struct place *all = index_items(s);

	for (size_t i = 0; i < runs->count; i++) {
		char *error = NULL, *which = runs->list[i].loose ? runs->list[i].name : runs->list[i].path;
		struct tshm_run *run = tshm_run_load(&which, 1, &error);

		for (const struct tshm_object *o = run ? run->objects : NULL; o; o = o->next)
			learn_object(all, o);
		if (run)
			tshm_run_free(run);
		free(error);
	}
	drop_index(all);
	tshm_runs_list_free(runs);
}

void tshm_makers_find(struct tshm_system *s)
{
	for (size_t n = 0; n < s->items.count; n++) {
		struct tshm_item *i = &s->items.list[n];
		pid_t pid = 0;

		if (i->kind != TSHM_ITEM_SYSV)
			i->naming = tshm_naming_of(i->base, &pid);
		if (pid) {
			i->maker = pid;
			i->known_by = TSHM_BY_NAME;
		}
		if (i->maker)
			i->maker_lives = tshm_alive(i->maker);
	}
	ask_ledgers(s);
}
