/* SPDX-License-Identifier: MIT */
/*
 * Names against the kernel: does a name still lead to its object, who made it where
 * only its birth time can tell, who holds it, and what became of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "presence_parts.h"
#include "proc.h"
#include "progress.h"
#include "reader.h"
#include <uthash.h>

struct tshm_label { const char *text; UT_hash_handle hh; };

bool tshm_presence_has_label(struct tshm_label *set, const char *text)
{
	struct tshm_label *l;

	HASH_FIND_STR(set, text, l);
	return l != NULL;
}

void tshm_presence_add_label(struct tshm_run *run, struct tshm_label **set, const char *text)
{
	struct tshm_label *l;

	if (tshm_presence_has_label(*set, text))
		return;
	l = tshm_arena_alloc(&run->own->arena, sizeof(*l));
	l->text = tshm_arena_strdup(&run->own->arena, text);
	HASH_ADD_KEYPTR(hh, *set, l->text, strlen(l->text), l);
}

static bool was_before(struct tshm_asking *a, unsigned space, const char *name, int64_t id)
{
	TSHM_AUTO_FREE char *label = tshm_names_label(space, name, id);

	return tshm_presence_has_label(a->before, label);
}

void tshm_presence_drop_labels(struct tshm_label **set)
{
	HASH_CLEAR(hh, *set);		/* they lie in the run's arena */
}

bool tshm_presence_is_name_space(unsigned space)
{
	return space == TSHM_SPACE_SHM || space == TSHM_SPACE_SEM || space == TSHM_SPACE_MQ ||
	       space == TSHM_SPACE_SYSV || space == TSHM_SPACE_SOCKET;
}

bool tshm_presence_may_ask(const struct tshm_image *im, unsigned space)
{
	const struct tshm_here *here = tshm_proc_here();

	if (im->foreign)
		return false;
	if (space == TSHM_SPACE_SOCKET)
		return true;
	/* A container has an IPC namespace of its own, or not, as it has a /dev/shm of its own, or not. */
	if (im->header.shm_dev && here->shm_dev)
		return im->header.shm_dev == here->shm_dev;
	/* Who never asked for that device may yet tell by his pid namespace that he is in one. */
	return !im->header.pidns || !here->pidns || im->header.pidns == here->pidns;
}

/* ---- intents: killed in the call ---- */

/*
 * When was it surely dead, who made this call?  0: not known.  Counted from the call, not from the begin: in between
 * the machine may have slept, of which the monotonic clock knows nothing, or somebody may have set the clock.
 */
static uint64_t death_wall(const struct tshm_past *p)
{
	const struct tshm_child *c = tshm_as_child(p->image);

	if (!c || TSHM_STAMP_STATE(c->stamp) != TSHM_STATE_CLOSED || c->end_mono < p->h.begin_mono || !p->h.begin_wall)
		return 0;
	return p->h.begin_wall + (c->end_mono - p->h.begin_mono);
}

bool tshm_presence_may_have_made(struct tshm_asking *a, const struct tshm_past *p, const struct tshm_seen *seen)
{
	uint64_t death = death_wall(p);

	if (seen->space == TSHM_SPACE_SYSV)	/* the kernel knows who made it; its clock is in seconds */
		return seen->creator_pid == (p->image->live_pid ? p->image->live_pid : p->image->header.pid) &&
		       seen->change_wall + 1000000000u >= p->h.begin_wall;
	if (!seen->birth_wall)
		return a->run->has_names_before && !was_before(a, p->h.space, p->name, -1);
	if (death && seen->birth_wall > death + 1000000000u)
		return false;
	return seen->birth_wall + TSHM_BIRTH_TICK_NS >= p->h.begin_wall;
}

static void add_candidate(struct tshm_object *object, struct tshm_past *p)
{
	if (!object->creator || (object->creator->h.flags & TSHM_HIF_EXCLUSIVE) < (p->h.flags & TSHM_HIF_EXCLUSIVE))
		object->creator = p;
	else if (object->creator->image != p->image && !(object->creator->h.flags & TSHM_HIF_EXCLUSIVE) && !object->rival)
		object->rival = p;
}

/* A segment whose shmget() was not seen to return: the kernel's table has its key and its maker. */
static bool find_sysv(struct tshm_asking *a, struct tshm_past *p, struct tshm_seen *seen)
{
	for (size_t i = 0; i < a->names.sysv_count; i++)
		if (a->names.sysv[i].key == (int32_t)p->h.ipc_key && tshm_presence_may_have_made(a, p, &a->names.sysv[i])) {
			*seen = a->names.sysv[i];
			return true;
		}
	return false;
}

static void resolve_intent(struct tshm_asking *a, struct tshm_past *p)
{
	const struct tshm_past *link = tshm_reader_past(p->image, p->h.link);
	bool sysv = p->h.space == TSHM_SPACE_SYSV;
	/* A rename or link notes before the call which object will get the name. */
	bool known = p->h.flags & TSHM_HIF_RENAMED && p->h.flags & TSHM_HIF_IDENT;
	bool renamed = known || tshm_past_is_renamed(p);
	struct tshm_object *object;
	struct tshm_seen seen;

	if (!tshm_presence_is_name_space(p->h.space) || !tshm_presence_may_ask(p->image, p->h.space))
		return;
	if (sysv ? !find_sysv(a, p, &seen) :
	    tshm_names_look(&a->names, p->h.space, p->name, p->h.id, &seen) != TSHM_LOOK_THERE)
		return;
	if (known) {
		if (p->h.dev != seen.dev || p->h.ino != seen.ino)
			return;
		object = tshm_objects_at(a->objects, p->image->domain, false, seen.dev, seen.ino, p->h.begin_mono);
	} else if (renamed) {		/* the object's maker stays who it was */
		if (!link || !link->object || link->object->dev != seen.dev || link->object->ino != seen.ino)
			return;
		object = link->object;
	} else {
		if (!tshm_presence_may_have_made(a, p, &seen))
			return;
		object = tshm_objects_at(a->objects, p->image->domain, sysv, seen.dev, seen.ino, p->h.begin_mono);
	}
	p->h.id = sysv ? seen.id : p->h.id;
	p->h.dev = seen.dev;
	p->h.ino = seen.ino;
	p->h.size = seen.size;
	tshm_object_add_past(object, p);
	if (!renamed)
		add_candidate(object, p);
}

static void resolve_intents(struct tshm_asking *a)
{
	for (size_t i = 0; i < a->run->image_count; i++)
		for (size_t k = 0; k < a->run->images[i]->past_count; k++) {
			struct tshm_past *p = &a->run->images[i]->past[k];

			if (p->h.type == TSHM_HIST_NAME && p->h.flags & TSHM_HIF_INTENT &&
			    !(p->h.flags & TSHM_HIF_INHERITED))
				resolve_intent(a, p);
		}
}

/* ---- presence ---- */

static bool leads_to(const struct tshm_object *object, const struct tshm_seen *seen)
{
	if (object->space == TSHM_SPACE_SYSV)
		return seen->id == object->sysv_id;
	return seen->dev == object->dev && seen->ino == object->ino;
}

bool tshm_presence_is_live(const struct tshm_past *p)
{
	return p->h.type == TSHM_HIST_NAME && TSHM_STAMP_STATE(p->h.stamp) == TSHM_STATE_LIVE;
}

/* Did another object get this number and this name after ours was gone? */
static bool is_successor(const struct tshm_object *object, const struct tshm_seen *seen)
{
	const struct tshm_past *c = object->creator;

	if (!c || !(c->h.flags & TSHM_HIF_EXCLUSIVE) || c->h.flags & TSHM_HIF_INTENT || c->h.type != TSHM_HIST_NAME)
		return false;
	if (seen->space == TSHM_SPACE_SYSV)
		return c->image->header.pidns && c->image->header.pidns == tshm_proc_here()->pidns &&
		       seen->creator_pid != c->image->header.pid;
	/* No call that creates takes ten seconds. */
	return seen->birth_wall > c->h.begin_wall + 10000000000u;
}

static void ask_name(struct tshm_asking *a, struct tshm_object *object, const struct tshm_past *p)
{
	struct tshm_seen seen;

	if (!tshm_presence_may_ask(p->image, p->h.space)) {
		if (object->presence == TSHM_NAME_NONE)
			object->presence = TSHM_NAME_UNASKED;
		return;
	}
	switch (tshm_names_look(&a->names, p->h.space, p->name, object->sysv_id, &seen)) {
	case TSHM_LOOK_FAILED:
		if (object->presence == TSHM_NAME_NONE)
			object->presence = TSHM_NAME_UNASKED;
		return;
	case TSHM_LOOK_ABSENT:
		return;
	case TSHM_LOOK_THERE:
		break;
	}
	if (!leads_to(object, &seen) || is_successor(object, &seen)) {
		if (object->presence != TSHM_NAME_THERE)
			object->presence = TSHM_NAME_OTHER;
		return;
	}
	object->presence = TSHM_NAME_THERE;
	object->size = seen.size;
	object->birth_wall = seen.birth_wall;
	object->change_wall = seen.change_wall;
	object->mode = seen.mode & 07777;
	object->bound = object->space == TSHM_SPACE_SOCKET && seen.attached;
	if (p->name)
		object->name = p->name;
}

/* The one that made it, where the call could as well have opened it. */
static void find_creator(struct tshm_asking *a, struct tshm_object *object)
{
	struct tshm_seen seen = { .space = object->space, .birth_wall = object->birth_wall };

	if (object->presence == TSHM_NAME_THERE && object->space == TSHM_SPACE_SYSV)
		tshm_names_look(&a->names, object->space, NULL, object->sysv_id, &seen);
	for (size_t i = 0; i < object->past_count; i++) {
		struct tshm_past *p = object->pasts[i];

		if (p->h.type != TSHM_HIST_NAME || p == object->creator || !(p->h.flags & TSHM_HIF_MAYBE) ||
		    p->h.flags & (TSHM_HIF_INHERITED | TSHM_HIF_OPENED | TSHM_HIF_INTENT) || tshm_past_is_renamed(p))
			continue;
		if (object->creator && object->creator->h.flags & TSHM_HIF_EXCLUSIVE)
			continue;
		if (object->presence == TSHM_NAME_THERE) {
			if (tshm_presence_may_have_made(a, p, &seen))
				add_candidate(object, p);
		} else if (!object->creator && a->run->has_names_before &&
			   !was_before(a, p->h.space, p->name, object->sysv_id)) {
			object->creator = p;	/* gone, and of this run: whoever had it first */
		}
	}
	if (object->rival && object->rival->h.begin_mono < object->creator->h.begin_mono) {
		struct tshm_past *first = object->rival;

		object->rival = object->creator;
		object->creator = first;
	}
}

static void ask_object(struct tshm_asking *a, struct tshm_object *object)
{
	for (size_t i = 0; i < object->past_count; i++)
		if (tshm_presence_is_live(object->pasts[i]))
			ask_name(a, object, object->pasts[i]);
	find_creator(a, object);
	if (object->creator && (object->creator->h.mode | object->mode) & (S_IROTH | S_IWOTH))
		object->hidden = tshm_names_is_closed(object->space, object->name, &object->in_directory);
}

/* ---- states ---- */

static void find_holders(struct tshm_object *object)
{
	for (size_t i = 0; i < object->record_count; i++) {
		if (object->records[i]->image->state != TSHM_IMAGE_RUNNING)
			continue;
		if (!object->holders)
			object->holders = tshm_xcalloc(object->record_count, sizeof(*object->holders));
		object->holders[object->holder_count++] = object->records[i];
	}
}

static bool is_ours(const struct tshm_run *run, const struct tshm_object *object)
{
	if (!object->name)
		return false;
	/* The pool, and what lies in it: its ledgers are files in the shm mount too. */
	for (size_t i = 0; i < run->part_count; i++) {
		const char *path = run->parts[i]->path, *slash = strrchr(path, '/');
		size_t n = slash ? (size_t)(slash - path) + 1 : 0;

		if (n > sizeof(TSHM_SHM_MOUNT) && !strncmp(object->name, path, n))
			return true;
	}
	return tshm_names_is_ledger(object->name);
}

/* Whoever made it may still remove it. */
static bool creator_runs(const struct tshm_object *object)
{
	const struct tshm_image *im = object->creator ? object->creator->image : NULL;

	while (im && im->next)
		im = im->next;
	return im && im->state == TSHM_IMAGE_RUNNING;
}

void tshm_presence_set_state(const struct tshm_run *run, struct tshm_object *object)
{
	/* What has no name is gone with its last holder. */
	if (object->holder_count || object->outsider_count || object->bound ||
	    (tshm_presence_is_name_space(object->space) && creator_runs(object)))
		object->state = TSHM_OBJECT_LIVE;
	else if (object->presence == TSHM_NAME_THERE)
		object->state = object->creator && !is_ours(run, object) ? TSHM_OBJECT_LEAKED : TSHM_OBJECT_LIVE;
	else
		object->state = TSHM_OBJECT_REMOVED;
}

void tshm_reconcile_names(struct tshm_run *run, struct tshm_objects *objects)
{
	struct tshm_asking a = { .run = run, .objects = objects };
	size_t done = 0;

	tshm_names_open(&a.names);
	for (size_t i = 0; i < run->part_count; i++) {
		const struct tshm_run *part = run->parts[i];
		bool asked = part->names_before_count && (run->part_count == 1 || tshm_part_is_here(run, part));

		for (size_t k = 0; asked && k < part->names_before_count; k++)
			tshm_presence_add_label(run, &a.before, part->names_before[k]);
	}
	for (const struct tshm_object *o = run->objects; o; o = o->next)
		if (o->space == TSHM_SPACE_SOCKET) {
			tshm_names_sockets(&a.names);
			break;
		}
	resolve_intents(&a);
	for (struct tshm_object *o = run->objects; o; o = o->next) {
		tshm_progress("asking for names", done++, run->object_count);
		find_holders(o);
		if (tshm_presence_is_name_space(o->space))
			ask_object(&a, o);
		tshm_presence_set_state(run, o);
	}
	tshm_strays_find(&a);
	tshm_presence_drop_labels(&a.before);
	tshm_names_close(&a.names);
	tshm_reconcile_outsiders(run);
	for (struct tshm_object *o = run->objects; o; o = o->next)
		tshm_presence_set_state(run, o);
	tshm_absent_join(run);
}
