/* SPDX-License-Identifier: MIT */
/* Children, as their parents saw them: begun, and collected.  Those of which nothing else is known become images. */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "join_parts.h"

static struct tshm_image *image_of_child(const struct join *j, const struct tshm_image *parent,
					 const struct tshm_child *c)
{
	struct process *p = tshm_join_process(j, parent, c->pid);
	bool ended = TSHM_STAMP_STATE(c->stamp) == TSHM_STATE_CLOSED;
	struct tshm_image *best = NULL;

	for (size_t i = 0; p && i < p->count; i++) {
		struct tshm_image *im = p->images[i];

		if (im == parent || im->previous)
			continue;
		if (ended && im->header.start_mono > c->end_mono + TSHM_TICK_NS)
			continue;
		if (c->how == TSHM_CHILD_SEEN)
			best = im;	/* the last that began before its end */
		else if (!best && im->header.start_mono + TSHM_TICK_NS >= c->begin_mono)
			best = im;
	}
	return best;
}

/*
 * A parent that had to wait for a processor notes its fork late, when the child has long begun,
 * or even ended.  Such an image is known by its parent, and by that no other record tells of it:
 * a process that had the number before was somebody's child too.
 */
static struct tshm_image *image_of_late(const struct join *j, const struct tshm_image *parent, const struct tshm_child *c)
{
	struct process *p = tshm_join_process(j, parent, c->pid);
	struct tshm_image *best = NULL;

	for (size_t i = 0; p && i < p->count; i++) {
		struct tshm_image *im = p->images[i];

		if (im->observed && !im->previous && !im->as_child && im->parent == parent &&
		    im->header.start_mono <= c->begin_mono)
			best = im;
	}
	return best;
}

static int inner_order(const void *a, const void *b)
{
	const struct tshm_image *x = *(struct tshm_image *const *)a, *y = *(struct tshm_image *const *)b;

	if (x->parent != y->parent)
		return x->parent < y->parent ? -1 : 1;
	return (x->header.start_mono > y->header.start_mono) - (x->header.start_mono < y->header.start_mono);
}

static void index_inner(struct join *j)
{
	for (size_t i = 0; i < j->run->image_count; i++) {
		struct tshm_image *im = j->run->images[i];

		if (im->previous || im->header.ppid || !im->parent || im->parent->header.pidns == im->header.pidns)
			continue;
		TSHM_GROW(j->inner, j->inner_count, j->inner_capacity);
		j->inner[j->inner_count++] = im;
	}
	if (j->inner_count)
		qsort(j->inner, j->inner_count, sizeof(*j->inner), inner_order);
}

/*
 * A child in a pid namespace of its own (unshare --pid --fork) has another number there than its parent was given.
 * Its ledger names the parent; which of the children that nobody else was it is, its begin tells.
 */
static struct tshm_image *image_of_inner(const struct join *j, const struct tshm_image *parent, const struct tshm_child *c)
{
	bool ended = TSHM_STAMP_STATE(c->stamp) == TSHM_STATE_CLOSED;
	uint64_t best_off = UINT64_MAX;
	struct tshm_image *best = NULL;
	size_t low = 0, high = j->inner_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (j->inner[middle]->parent < parent)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < j->inner_count && j->inner[low]->parent == parent; low++) {
		struct tshm_image *im = j->inner[low];
		uint64_t start = im->header.start_mono, off = start > c->begin_mono ? start - c->begin_mono : c->begin_mono - start;

		if (!im->as_child && off < best_off && !(ended && start > c->end_mono)) {
			best = im;
			best_off = off;
		}
	}
	return best;
}

/* Was there a child process that became a program, or ran as a copy of its parent, unseen? */
static bool was_a_process(const struct tshm_child *c, const char *program)
{
	bool failed = TSHM_STAMP_STATE(c->stamp) == TSHM_STATE_CLOSED && WIFEXITED(c->wait_status) &&
		      (WEXITSTATUS(c->wait_status) >= 126);

	if (c->pid <= 0)
		return false;
	if (c->how == TSHM_CHILD_VFORK && !program)
		return false;		/* ended without exec: it never was more than its parent's memory */
	return !(program && failed && !tshm_program_exists(program));
}

static void add_unseen_child(struct join *j, struct tshm_image *parent, const struct tshm_child *c)
{
	const char *program = parent->string(parent, c->program, NULL);
	struct tshm_image *im;

	if (!was_a_process(c, program))
		return;
	im = tshm_model_unobserved(j->run, c->pid, parent->header.pid, program);
	im->part = parent->part;
	memcpy(im->header.boot_id, parent->header.boot_id, sizeof(im->header.boot_id));
	im->header.pidns = parent->header.pidns;
	im->header.start_mono = c->begin_mono;
	im->header.start_wall = parent->header.start_wall + (c->begin_mono - parent->header.start_mono);
	im->header.began = program ? TSHM_BEGAN_EXEC : TSHM_BEGAN_FORK;
	im->parent = parent;
	im->as_child = c;
	if (!program) {
		im->exe = parent->exe;
		im->why_unobserved = c->how == TSHM_CHILD_SEEN ? "started in a way that nothing saw" :
			c->how == TSHM_CHILD_FORK && TSHM_STAMP_STATE(c->stamp) == TSHM_STATE_CLOSED && WIFSIGNALED(c->wait_status) ?
			"killed before it noted anything" : "made by _Fork or clone and noted nothing, or could not write";
	}
	tshm_join_add(j, im);
}

enum join_pass {
	JOIN_BEGUN,			/* those whose begin was noted, by time */
	JOIN_LATE,			/* … of these what is left over */
	JOIN_SEEN			/* those of which only the end was noted */
};

static int child_pid_order(const void *a, const void *b)
{
	const struct tshm_child *x = a, *y = b;

	return (x->end_mono > y->end_mono) - (x->end_mono < y->end_mono);
}

/* Several records may fit one image where numbers come again; that of the parent by getppid() stands. */
static void note_begun_by(struct tshm_image *im, struct tshm_image *parent)
{
	if (im->observed && im->part == parent->part && (!im->begun_by || im->begun_by != im->parent))
		im->begun_by = parent;
}

static void join_child(struct join *j, struct tshm_image *parent, const struct tshm_child *c, enum join_pass pass)
{
	struct tshm_image *im = image_of_child(j, parent, c);

	if (!im && pass == JOIN_LATE)
		im = image_of_late(j, parent, c);
	if (!im && pass == JOIN_LATE)
		im = image_of_inner(j, parent, c);
	if (!im && pass != JOIN_BEGUN)
		add_unseen_child(j, parent, c);
	else if (im && (!im->as_child || TSHM_STAMP_STATE(im->as_child->stamp) != TSHM_STATE_CLOSED))
		im->as_child = c;
	if (im && pass != JOIN_SEEN)
		note_begun_by(im, parent);
}

void tshm_join_children(struct join *j)
{
	size_t count = j->run->image_count;

	index_inner(j);
	/* Records of both kinds for one child (begun here, end seen after an exec) meet in as_child. */
	for (enum join_pass pass = JOIN_BEGUN; pass <= JOIN_SEEN; pass++)
		for (size_t i = 0; i < count; i++) {
			struct tshm_image *parent = j->run->images[i];

			if (pass == JOIN_BEGUN && parent->child_count)
				qsort(parent->children, parent->child_count, sizeof(*parent->children), child_pid_order);
			for (size_t k = 0; k < parent->child_count; k++)
				if ((parent->children[k].how == TSHM_CHILD_SEEN) == (pass == JOIN_SEEN))
					join_child(j, parent, &parent->children[k], pass);
		}
}
