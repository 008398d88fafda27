/* SPDX-License-Identifier: MIT */
/*
 * Images joined to processes, and these to their parents (kin.c, children.c); tree.c goes on from there.
 *
 *  fork: the child's ledger names its parent's token.
 *  exec: the same pid in the same boot and pid namespace; the earlier image noted its exec.
 *  spawn, vfork: the parent of that pid that lived when the image began; but if only another process's
 *  record of children tells of it, that one: whom getppid() names may have got it as an orphan.
 * A process without a ledger is known from its parent's record of children, or from an
 * image that noted exec and has no successor: it becomes an image that was not observed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "join_parts.h"
#include "reader.h"

struct tshm_pid {			/* of images without a ledger: how many have it */
	int64_t pid;
	unsigned count;
	UT_hash_handle hh;
};

struct token {
	struct tshm_image *image;
	UT_hash_handle hh;
};

void tshm_model_append(struct tshm_run *run, struct tshm_image *im)
{
	/* Powers of two, so that no capacity need be kept. */
	if (!(run->image_count & (run->image_count - 1)))
		run->images = tshm_xreallocarray(run->images, run->image_count ? 2 * run->image_count : 1,
						 sizeof(*run->images));
	run->images[run->image_count++] = im;
}

void tshm_model_problem(struct tshm_run *run, char *line)
{
	run->problems = tshm_xreallocarray(run->problems, run->problem_count + 1, sizeof(*run->problems));
	run->problems[run->problem_count++] = line;
}

static const char *no_string(const struct tshm_image *im, uint32_t number, uint32_t *length)
{
	(void)im, (void)number, (void)length;
	return NULL;
}

struct tshm_image *tshm_model_unobserved(struct tshm_run *run, pid_t pid, pid_t ppid, const char *exe)
{
	struct tshm_image *im = tshm_xcalloc(1, sizeof(*im));
	int64_t key = pid;
	struct tshm_pid *p;

	HASH_FIND(hh, run->own->unobserved, &key, sizeof(key), p);
	if (!p) {
		p = tshm_arena_alloc(&run->own->arena, sizeof(*p));
		p->pid = pid;
		HASH_ADD(hh, run->own->unobserved, pid, sizeof(p->pid), p);
	}
	im->header.pid = pid;
	im->header.ppid = ppid;
	im->exe = exe && exe[0] ? tshm_arena_strdup(&run->own->arena, exe) : "?";
	im->argv = tshm_arena_alloc(&run->own->arena, sizeof(char *));
	im->string = no_string;
	im->why_unobserved = tshm_program_why(im->exe);
	if (++p->count == 1)
		snprintf(im->id, sizeof(im->id), "pid:%d", (int)pid);
	else
		snprintf(im->id, sizeof(im->id), "pid:%d.%u", (int)pid, p->count);
	tshm_model_append(run, im);
	return im;
}

/* ---- look-up ---- */

static struct process_key key_of(const struct join *j, const struct tshm_image *im, pid_t pid)
{
	struct process_key key;

	memset(&key, 0, sizeof(key));	/* padding is part of the key */
	snprintf(key.boot_id, sizeof(key.boot_id), "%s", im->header.boot_id[0] ? im->header.boot_id : j->boot_id);
	key.pidns = im->header.pidns ? im->header.pidns : j->pidns;
	key.pid = pid;
	return key;
}

struct process *tshm_join_process(const struct join *j, const struct tshm_image *near, pid_t pid)
{
	struct process_key key = key_of(j, near, pid);
	struct process *p;

	HASH_FIND(hh, j->processes, &key, sizeof(key), p);
	return p;
}

void tshm_join_add(struct join *j, struct tshm_image *im)
{
	struct process_key key = key_of(j, im, im->header.pid);
	struct process *p;

	HASH_FIND(hh, j->processes, &key, sizeof(key), p);
	if (!p) {
		p = tshm_xcalloc(1, sizeof(*p));
		p->key = key;
		HASH_ADD(hh, j->processes, key, sizeof(key), p);
	}
	TSHM_GROW(p->images, p->count, p->capacity);
	p->images[p->count++] = im;
}

static void index_images(struct join *j)
{
	struct tshm_run *run = j->run;

	j->boot_id = run->boot_id ? run->boot_id : "";
	j->pidns = run->pidns;
	for (size_t i = 0; i < run->image_count; i++) {
		const struct tshm_header *h = &run->images[i]->header;

		if (!j->boot_id[0] && h->boot_id[0])
			j->boot_id = h->boot_id;
		if (!j->pidns)
			j->pidns = h->pidns;
	}
	tshm_tree_sort(run);
	for (size_t i = 0; i < run->image_count; i++) {
		struct token *t = tshm_xcalloc(1, sizeof(*t));

		t->image = run->images[i];
		HASH_ADD_KEYPTR(hh, j->tokens, t->image->header.token, 32, t);
		tshm_join_add(j, run->images[i]);
	}
}

struct tshm_image *tshm_parent_by_token(const struct join *j, const struct tshm_image *im)
{
	static const char none[32];
	struct token *t;

	if (!memcmp(im->header.parent_token, none, sizeof(none)))
		return NULL;
	HASH_FIND(hh, j->tokens, im->header.parent_token, 32, t);
	return t && t->image != im ? t->image : NULL;
}

static void drop_index(struct join *j)
{
	struct process *p, *next_p;
	struct token *t, *next_t;

	HASH_CLEAR(hh, j->run->own->unobserved);	/* they lie in the arena */
	HASH_ITER(hh, j->processes, p, next_p) {
		HASH_DEL(j->processes, p);
		free(p->images);
		free(p->ends);
		free(p);
	}
	HASH_ITER(hh, j->tokens, t, next_t) {
		HASH_DEL(j->tokens, t);
		free(t);
	}
	free(j->inner);
}

/* ---- a number that comes again ---- */

static int end_order(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void index_ends(struct join *j)
{
	for (size_t i = 0; i < j->run->image_count; i++) {
		const struct tshm_image *im = j->run->images[i];

		for (size_t k = 0; k < im->child_count; k++) {
			const struct tshm_child *c = &im->children[k];
			struct process *p = TSHM_STAMP_STATE(c->stamp) == TSHM_STATE_CLOSED ? tshm_join_process(j, im, c->pid) : NULL;

			if (!p)
				continue;
			TSHM_GROW(p->ends, p->end_count, p->end_capacity);
			p->ends[p->end_count++] = c->end_mono;
		}
	}
	for (struct process *p = j->processes; p; p = p->hh.next)
		if (p->end_count)
			qsort(p->ends, p->end_count, sizeof(*p->ends), end_order);
}

bool tshm_ended_between(const struct process *p, uint64_t after, uint64_t before)
{
	size_t low = 0, high = p->end_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (p->ends[middle] <= after)
			low = middle + 1;
		else
			high = middle;
	}
	return low < p->end_count && p->ends[low] < before;
}

bool tshm_over_before(const struct tshm_image *a, const struct tshm_image *b)
{
	return a->part && a->part != b->part && a->part->ended_wall && a->part->ended_wall < b->header.start_wall;
}

/* ---- all of it ---- */

void tshm_model_join(struct tshm_run *run)
{
	struct join j = { .run = run };

	index_images(&j);
	index_ends(&j);
	tshm_join_exec(&j);
	tshm_add_unseen_exec(&j);
	tshm_join_parents(&j);
	tshm_join_children(&j);
	tshm_join_unnoted_exec(&j);
	tshm_join_parents_unseen(&j);
	tshm_join_orphans(&j);
	tshm_tree_end(run);
	tshm_tree_order(run);
	drop_index(&j);
}
