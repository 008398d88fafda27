/* SPDX-License-Identifier: MIT */
/* Strays: names that appeared during the run and that nobody of it made, as far as was observed. */
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

#include "presence_parts.h"

static void add_stray(struct tshm_run *run, const struct tshm_seen *seen)
{
	struct tshm_stray *s;

	run->strays = tshm_xreallocarray(run->strays, run->stray_count + 1, sizeof(*run->strays));
	s = &run->strays[run->stray_count++];
	*s = (struct tshm_stray){ .space = seen->space, .size = seen->size, .id = seen->id,
				  .creator_pid = seen->creator_pid, .dev = seen->dev, .ino = seen->ino };
	if (seen->name)
		s->name = tshm_arena_strdup(&run->own->arena, seen->name);
}

/*
 * Had the part's processes the name spaces that are looked at here?  Those that know the device of theirs tell it
 * best; where nobody was observed, what tshm-run knew has to do.
 */
static bool has_our_names(const struct tshm_run *run, const struct tshm_run *part)
{
	const struct tshm_image *best = NULL;

	for (size_t i = 0; i < run->image_count && !(best && best->header.shm_dev); i++)
		if (run->images[i]->part == part && run->images[i]->observed && (!best || run->images[i]->header.shm_dev))
			best = run->images[i];
	return best ? tshm_presence_may_ask(best, TSHM_SPACE_SHM) : tshm_part_is_here(run, part);
}

/* Of each part: may what appears be of it?  Without run.json nobody knows what was there before.  To be freed. */
static bool *parts_to_ask(const struct tshm_run *run)
{
	bool *list = tshm_xcalloc(run->part_count, sizeof(*list));

	for (size_t i = 0; i < run->part_count; i++)
		list[i] = run->parts[i]->has_names_before && run->parts[i]->started_wall && has_our_names(run, run->parts[i]);
	return list;
}

/* Born while the run ran?  Where that cannot be known it is not said. */
static bool born_during(const struct tshm_run *run, const bool *asked, const struct tshm_seen *seen)
{
	uint64_t born = seen->birth_wall ? seen->birth_wall : seen->change_wall;
	uint64_t slack = seen->birth_wall ? TSHM_BIRTH_TICK_NS : 1000000000u;

	for (size_t i = 0; born && i < run->part_count; i++) {
		const struct tshm_run *part = run->parts[i];

		if (asked[i] && born + slack >= part->started_wall && (!part->ended_wall || born <= part->ended_wall + slack))
			return true;
	}
	return false;
}

static bool made_by_known(const struct tshm_run *run, const struct tshm_seen *seen)
{
	for (size_t i = 0; seen->creator_pid && i < run->image_count; i++)
		if (run->images[i]->observed && run->images[i]->header.pid == seen->creator_pid)
			return true;
	return false;
}

/*
 * Is what this name leads to told of by its maker's record?  What is there without one appeared,
 * whoever opened it later.
 */
static bool is_accounted(const struct tshm_past *p)
{
	if (!tshm_presence_is_live(p) || !tshm_presence_is_name_space(p->h.space))
		return false;
	if (!p->object || p->object->presence == TSHM_NAME_UNASKED)
		return true;	/* an intent, say: not known is no reproach */
	return p->object->presence == TSHM_NAME_THERE && p->object->creator;
}

static struct tshm_label *label_ours(struct tshm_asking *a)
{
	struct tshm_label *ours = NULL;

	for (size_t i = 0; i < a->run->image_count; i++)
		for (size_t k = 0; k < a->run->images[i]->past_count; k++) {
			const struct tshm_past *p = &a->run->images[i]->past[k];
			TSHM_AUTO_FREE char *label = NULL;

			if (!is_accounted(p))
				continue;
			label = tshm_names_label(p->h.space, p->name, p->h.id);
			tshm_presence_add_label(a->run, &ours, label);
		}
	return ours;
}

/*
 * sem_open() makes a file sem.XXXXXX, links the name that was asked for to it, and removes the
 * first name.  Empty: it was not written yet.
 */
static bool is_half_made(const struct tshm_seen *seen)
{
	const char *base = strrchr(seen->name ? seen->name : "", '/');

	return seen->space == TSHM_SPACE_SEM && base && strlen(base) == sizeof("/sem.XXXXXX") - 1 &&
	       (!seen->size || seen->size == sizeof(sem_t));
}

/* The last sem_open() that may have made it; a second process that may have is its rival. */
static void find_killed(struct tshm_asking *a, const struct tshm_seen *seen, struct tshm_past **maker,
			struct tshm_past **rival)
{
	for (size_t i = 0; i < a->run->image_count; i++)
		for (size_t k = 0; k < a->run->images[i]->past_count; k++) {
			struct tshm_past *p = &a->run->images[i]->past[k];

			if (p->h.type != TSHM_HIST_NAME || p->h.space != TSHM_SPACE_SEM || p->object ||
			    !(p->h.flags & TSHM_HIF_INTENT) || p->h.flags & TSHM_HIF_INHERITED ||
			    p->h.call != TSHM_CALL_sem_open || p->image->state == TSHM_IMAGE_RUNNING ||
			    !tshm_presence_may_ask(p->image, p->h.space) || !tshm_presence_may_have_made(a, p, seen))
				continue;
			if (!*maker || p->h.begin_wall > (*maker)->h.begin_wall) {
				*rival = *maker;
				*maker = p;
			} else if (!*rival) {
				*rival = p;
			}
		}
}

/* Did a sem_open() leave it, in whose middle its process was killed?  Then it is an object of that one. */
static bool is_of_killed(struct tshm_asking *a, const struct tshm_seen *seen)
{
	struct tshm_past *maker = NULL, *rival = NULL;
	struct tshm_object *object;

	if (!is_half_made(seen))
		return false;
	for (object = a->run->objects; object; object = object->next)
		if (object->space == TSHM_SPACE_SEM && object->creator && !object->creator->image->foreign &&
		    object->dev == seen->dev && object->ino == seen->ino)
			break;
	if (!object) {
		find_killed(a, seen, &maker, &rival);
		if (!maker)
			return false;
		object = tshm_objects_at(a->objects, maker->image->domain, false, seen->dev, seen->ino,
					 maker->h.begin_mono);
		maker->h.dev = seen->dev;
		maker->h.ino = seen->ino;
		maker->h.size = seen->size;
		tshm_object_add_past(object, maker);
		object->creator = maker;
		object->rival = rival;
	}
	if (object->presence == TSHM_NAME_THERE)	/* linked already: it is told of by the name that was asked for */
		return true;
	object->presence = TSHM_NAME_THERE;
	object->name = tshm_arena_strdup(&a->run->own->arena, seen->name);
	object->size = seen->size;
	object->birth_wall = seen->birth_wall;
	tshm_presence_set_state(a->run, object);
	return true;
}

static int by_birth(const void *a, const void *b)
{
	const struct tshm_seen *x = a, *y = b;

	return (x->birth_wall > y->birth_wall) - (x->birth_wall < y->birth_wall);
}

void tshm_strays_find(struct tshm_asking *a)
{
	struct tshm_run *run = a->run;
	TSHM_AUTO_FREE bool *asked = NULL;
	struct tshm_label *ours;
	struct tshm_seen *list;
	size_t count;

	if (!run->has_names_before || !run->image_count)
		return;
	asked = parts_to_ask(run);
	ours = label_ours(a);
	list = tshm_names_list(&a->names, &count);
	if (count)	/* so that a call that was cut short gets the first that was born in it */
		qsort(list, count, sizeof(*list), by_birth);
	for (size_t i = 0; i < count; i++) {
		TSHM_AUTO_FREE char *label = tshm_names_label(list[i].space, list[i].name, list[i].id);

		if (!tshm_presence_has_label(a->before, label) && !tshm_presence_has_label(ours, label) &&
		    born_during(run, asked, &list[i]) && !made_by_known(run, &list[i]) && !is_of_killed(a, &list[i]))
			add_stray(run, &list[i]);
	}
	tshm_names_free_list(list, count);
	tshm_presence_drop_labels(&ours);
}
