/* SPDX-License-Identifier: MIT */
/*
 * Which image became which, and who is whose parent, from what images say of themselves; and once it is known what
 * their parents noted (children.c), what these got wrong.
 */
#include <string.h>

#include "join_parts.h"

/* ---- exec ---- */

static bool follows_by_exec(const struct tshm_image *a, const struct tshm_image *b)
{
	if (b->header.began != TSHM_BEGAN_EXEC)
		return false;
	if (a->header.ended == TSHM_ENDED_EXEC)
		return a->header.end_mono <= b->header.start_mono + TSHM_TICK_NS;
	/* An exec that no hook saw (a raw system call): the new image still counted on. */
	return a->header.ended == TSHM_ENDED_NOT && b->header.exec_number == a->header.exec_number + 1;
}

void tshm_join_exec(struct join *j)
{
	for (struct process *p = j->processes; p; p = p->hh.next)
		for (size_t i = 1; i < p->count; i++)
			if (follows_by_exec(p->images[i - 1], p->images[i]) && !tshm_over_before(p->images[i - 1], p->images[i]) &&
			    !tshm_ended_between(p, p->images[i - 1]->header.start_mono, p->images[i]->header.start_mono)) {
				p->images[i - 1]->next = p->images[i];
				p->images[i]->previous = p->images[i - 1];
			}
}

/* The program that an image noted as it called exec, if nothing of it was seen. */
void tshm_add_unseen_exec(struct join *j)
{
	size_t count = j->run->image_count;

	for (size_t i = 0; i < count; i++) {
		struct tshm_image *im = j->run->images[i], *new;

		if (im->header.ended != TSHM_ENDED_EXEC || im->next)
			continue;
		new = tshm_model_unobserved(j->run, im->header.pid, im->header.ppid,
					    im->string(im, im->header.end_detail, NULL));
		new->part = im->part;
		memcpy(new->header.boot_id, im->header.boot_id, sizeof(new->header.boot_id));
		new->header.pidns = im->header.pidns;
		new->header.start_mono = im->header.end_mono;
		new->header.start_wall = im->header.end_wall;
		new->header.began = TSHM_BEGAN_EXEC;
		new->previous = im;
		im->next = new;
		tshm_join_add(j, new);
	}
}

/* ---- parents ---- */

static bool lived_at(const struct process *p, const struct tshm_image *im, uint64_t mono)
{
	/* All images read one clock, however coarse: what was before is not later.  Begins that a parent noted are late. */
	if (im->header.start_mono > mono + (im->observed ? 0 : TSHM_TICK_NS))
		return false;
	if (im->next)
		return im->next->header.start_mono > mono;	/* else it is the next that lived then, or none */
	if (im->header.ended != TSHM_ENDED_NOT && im->header.end_mono + TSHM_TICK_NS < mono)
		return false;
	return mono < TSHM_TICK_NS || !tshm_ended_between(p, im->header.start_mono, mono - TSHM_TICK_NS);
}

static struct tshm_image *parent_by_pid(const struct join *j, const struct tshm_image *im)
{
	struct process *p = im->header.ppid > 0 ? tshm_join_process(j, im, im->header.ppid) : NULL;
	struct tshm_image *best = NULL;

	for (size_t i = 0; p && i < p->count; i++)
		if (p->images[i] != im && lived_at(p, p->images[i], im->header.start_mono) && !tshm_over_before(p->images[i], im))
			best = p->images[i];
	return best;
}

void tshm_join_parents(struct join *j)
{
	struct tshm_run *run = j->run;

	for (size_t i = 0; i < run->image_count; i++) {
		struct tshm_image *im = run->images[i];

		if (im->previous || im->parent)
			continue;
		im->parent = tshm_parent_by_token(j, im);
		if (!im->parent && im->header.began != TSHM_BEGAN_FORK)
			im->parent = parent_by_pid(j, im);
	}
	for (size_t i = 0; i < run->image_count; i++) {
		struct tshm_image *head = run->images[i];

		for (struct tshm_image *im = head; !head->previous && im->next; im = im->next)
			im->next->parent = head->parent;
	}
	tshm_tree_cut_rings(run);
}

/* ---- what images do not say, and their parents' records do ---- */

/* What all images of a process have in common. */
static void set_parent(struct tshm_image *head, struct tshm_image *parent)
{
	for (struct tshm_image *im = head; im; im = im->next)
		im->parent = parent;
}

static bool hangs_on(const struct tshm_image *im, const struct tshm_image *on)
{
	for (; im && im != on; im = im->previous ? im->previous : im->parent)
		;
	return im;
}

/* An exec that no hook saw (a raw system call): its parent collected the number once, after the second image began. */
void tshm_join_unnoted_exec(struct join *j)
{
	for (struct process *p = j->processes; p; p = p->hh.next)
		for (size_t i = 1; i < p->count; i++) {
			struct tshm_image *a = p->images[i - 1], *b = p->images[i];
			const struct tshm_child *c = a->as_child;

			if (a->previous || a->next || a->header.ended != TSHM_ENDED_NOT || b->previous || b->as_child ||
			    b->header.began != TSHM_BEGAN_EXEC || !b->observed || !c || c->how == TSHM_CHILD_SEEN ||
			    TSHM_STAMP_STATE(c->stamp) != TSHM_STATE_CLOSED || c->end_mono < b->header.start_mono || hangs_on(a, b))
				continue;
			a->next = b;
			b->previous = a;
			set_parent(a, a->parent);
		}
}

/* Children of processes that were not observed: these were not known when the others got their parents. */
void tshm_join_parents_unseen(struct join *j)
{
	struct tshm_run *run = j->run;

	for (size_t i = 0; i < run->image_count; i++) {
		struct tshm_image *im = run->images[i], *parent;

		if (im->previous || !im->observed || im->header.began == TSHM_BEGAN_FORK || tshm_parent_by_token(j, im))
			continue;
		parent = parent_by_pid(j, im);
		if (parent && !parent->observed && !hangs_on(parent, im))
			set_parent(im, parent);
	}
}

/* Did it certainly go on after that?  Then getppid() named it until then. */
static bool lived_past(const struct tshm_image *im, uint64_t mono)
{
	while (im->next)
		im = im->next;
	if (im->header.ended != TSHM_ENDED_NOT)
		return im->header.end_mono > mono;
	for (size_t i = 0; i < im->child_count; i++)
		if (im->children[i].begin_mono > mono || im->children[i].end_mono > mono)
			return true;
	return false;
}

/*
 * A process that began while its parent ended, and asked too late who that was: getppid() gave init, or
 * another subreaper.  Python's resource tracker of a short program is one.  A record of a parent that went on is
 * of another process that had the number before.
 */
void tshm_join_orphans(struct join *j)
{
	struct tshm_run *run = j->run;

	for (size_t i = 0; i < run->image_count; i++) {
		struct tshm_image *im = run->images[i];

		if (im->begun_by && im->begun_by != im->parent && !tshm_parent_by_token(j, im) &&
		    !lived_past(im->begun_by, im->header.start_mono) && !hangs_on(im->begun_by, im))
			set_parent(im, im->begun_by);
	}
}
