/* SPDX-License-Identifier: MIT */
/* The tree that joined images make: it has no rings, its roots are known, it has an order; and how each ended. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "join.h"

/* ---- by time ---- */

static uint64_t end_of(const struct tshm_image *im)
{
	return im->header.ended == TSHM_ENDED_NOT ? UINT64_MAX : im->header.end_mono;
}

/*
 * Clocks are coarse: a fork and two execs may fall into one tick.  Within it a forked
 * image comes before what it executed, and one that ended before one that went on.
 */
static int by_start(const void *a, const void *b)
{
	const struct tshm_image *x = *(struct tshm_image *const *)a, *y = *(struct tshm_image *const *)b;
	bool forked_x = x->header.began != TSHM_BEGAN_EXEC, forked_y = y->header.began != TSHM_BEGAN_EXEC;

	if (x->header.start_mono != y->header.start_mono)
		return x->header.start_mono < y->header.start_mono ? -1 : 1;
	if (x->header.pid != y->header.pid)
		return x->header.pid < y->header.pid ? -1 : 1;
	if (x->header.exec_number != y->header.exec_number)
		return x->header.exec_number < y->header.exec_number ? -1 : 1;
	if (forked_x != forked_y)
		return forked_x ? -1 : 1;
	if (end_of(x) != end_of(y))
		return end_of(x) < end_of(y) ? -1 : 1;
	return strcmp(x->id, y->id);
}

void tshm_tree_sort(struct tshm_run *run)
{
	if (run->image_count)
		qsort(run->images, run->image_count, sizeof(*run->images), by_start);
}

/* ---- rings ---- */

/* Where the tree's edge leads: an image hangs on what it was before, or on its parent. */
static struct tshm_image *above(const struct tshm_image *im)
{
	return im->previous ? im->previous : im->parent;
}

/* Ledgers can lie: a ring of parents is cut.  (Before tshm_tree_order(), `order` is free for marks.) */
void tshm_tree_cut_rings(struct tshm_run *run)
{
	for (size_t i = 0; i < run->image_count; i++)
		run->images[i]->order = 0;
	for (size_t i = 0; i < run->image_count; i++) {
		struct tshm_image *im = run->images[i], *up;

		for (; im && !im->order; im = above(im))
			im->order = i + 1;
		if (!im || im->order != i + 1)
			continue;
		for (up = im; up->previous; up = up->previous)
			;
		for (; up; up = up->next)	/* the whole chain of execs has one parent */
			up->parent = NULL;
	}
}

/* ---- how they ended ---- */

static void set_wait_status(struct tshm_image *im, int status)
{
	if (WIFSIGNALED(status)) {
		im->state = TSHM_IMAGE_SIGNALED;
		im->status = WTERMSIG(status);
	} else if (WIFEXITED(status)) {
		im->state = TSHM_IMAGE_EXITED;
		im->status = WEXITSTATUS(status);
	}
}

const struct tshm_child *tshm_as_child(const struct tshm_image *im)
{
	while (im->previous)
		im = im->previous;
	return im->as_child;
}

static void set_state(struct tshm_image *im)
{
	const struct tshm_child *c = tshm_as_child(im);

	switch (im->header.ended) {
	case TSHM_ENDED_EXIT:
		im->state = TSHM_IMAGE_EXITED;
		im->status = im->header.end_status;
		break;
	case TSHM_ENDED_ABORT:
		im->state = TSHM_IMAGE_SIGNALED;
		im->status = 6;
		break;
	}
	if (im->next) {
		im->state = TSHM_IMAGE_EXEC;
		return;
	}
	/* What the parent collected is the kernel's word, of the process's last image. */
	if (c && TSHM_STAMP_STATE(c->stamp) == TSHM_STATE_CLOSED)
		set_wait_status(im, c->wait_status);
}

/* One run may have been started in another, which is reported with it: there it has a parent. */
static bool is_first(const struct tshm_image *im)
{
	const struct tshm_image *up = above(im);

	return !up || up->part != im->part;
}

static bool is_root(const struct tshm_run *part, const struct tshm_image *im)
{
	return is_first(im) && im->header.pid == part->root_pid &&
	       (!part->pidns || !im->header.pidns || im->header.pidns == part->pidns) &&
	       (!part->boot_id || !im->header.boot_id[0] || !strcmp(im->header.boot_id, part->boot_id));
}

/* Of the part itself; or of another, if this one is a copy of it. */
static struct tshm_image *root_of(const struct tshm_run *run, const struct tshm_run *part)
{
	struct tshm_image *other = NULL;

	for (size_t i = 0; i < run->image_count; i++) {
		struct tshm_image *im = run->images[i];

		if (is_root(part, im) && im->part == part)
			return im;
		if (is_root(part, im) && !other)
			other = im;
	}
	return other;
}

static struct tshm_image *add_root(struct tshm_run *run, const struct tshm_run *part)
{
	struct tshm_image *root = tshm_model_unobserved(run, part->root_pid, 0, part->command_count ? part->command[0] : NULL);

	root->part = part;
	snprintf(root->header.boot_id, sizeof(root->header.boot_id), "%s", part->boot_id ? part->boot_id : "");
	root->header.pidns = part->pidns;
	root->header.start_wall = part->started_wall;
	root->header.began = TSHM_BEGAN_EXEC;
	for (size_t i = 0; i < run->image_count; i++)
		if (run->images[i] != root && !run->images[i]->parent && run->images[i]->part == part &&
		    run->images[i]->header.ppid == part->root_pid)
			run->images[i]->parent = root;
	return root;
}

/* A run's first process: from run.json, or simply the first image. */
static void find_root(struct tshm_run *run, const struct tshm_run *part)
{
	struct tshm_image *root;

	if (part->root_pid <= 0)
		return;
	root = root_of(run, part);
	run->root_observed &= root != NULL;
	/* "env -i PROGRAM": the first image was seen, but not the one that did the work. */
	for (const struct tshm_image *im = root; im; im = im->next)
		run->root_observed &= im->observed;
	if (!root)
		root = add_root(run, part);
	if (part->ended_wall) {
		while (root->next)
			root = root->next;
		set_wait_status(root, part->root_status);
	}
}

void tshm_tree_end(struct tshm_run *run)
{
	for (size_t i = 0; i < run->image_count; i++)
		set_state(run->images[i]);
	run->root_observed = run->image_count > 0;
	for (size_t i = 0; i < run->part_count; i++)
		find_root(run, run->parts[i]);
}

/* ---- order ---- */

/* Parents before children, an image before what it became, then by start: a walk of the tree. */
void tshm_tree_order(struct tshm_run *run)
{
	size_t n = run->image_count, at = 0, depth = 0;
	TSHM_AUTO_FREE struct tshm_image **out = tshm_xcalloc(n + 1, sizeof(*out));
	TSHM_AUTO_FREE struct tshm_image **stack = tshm_xcalloc(n + 1, sizeof(*stack));
	TSHM_AUTO_FREE size_t *first = tshm_xmalloc((n + 1) * sizeof(*first));
	TSHM_AUTO_FREE size_t *sibling = tshm_xmalloc((n + 1) * sizeof(*sibling));

	if (!n)
		return;
	tshm_tree_sort(run);
	for (size_t i = 0; i <= n; i++)
		first[i] = SIZE_MAX;
	for (size_t i = 0; i < n; i++)
		run->images[i]->order = i;
	/* Lists are made in order, so the last comes first: right for a stack.  `n` stands for no parent. */
	for (size_t i = 0; i < n; i++) {
		const struct tshm_image *im = run->images[i];
		size_t p = im->previous ? im->previous->order : im->parent ? im->parent->order : n;

		sibling[i] = first[p];
		first[p] = i;
	}
	for (size_t i = first[n]; i != SIZE_MAX; i = sibling[i])
		stack[depth++] = run->images[i];
	while (depth) {
		struct tshm_image *im = stack[--depth];

		out[at++] = im;
		im->depth = im->previous ? im->previous->depth : im->parent ? im->parent->depth + 1 : 0;
		for (size_t i = first[im->order]; i != SIZE_MAX; i = sibling[i])
			stack[depth++] = run->images[i];
	}
	memcpy(run->images, out, at * sizeof(*out));
	for (size_t i = 0; i < at; i++)
		run->images[i]->order = i;
}
