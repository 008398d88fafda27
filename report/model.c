/* SPDX-License-Identifier: MIT */
/*
 * Images joined to processes, and these to their parents; tree.c goes on from there.
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
#include <sys/wait.h>

#include "join.h"
#include "reader.h"
#include <uthash.h>

struct process_key {
	char boot_id[40];
	uint64_t pidns;
	int64_t pid;
};

struct process {			/* a pid; its images by start time, whoever had the pid */
	struct process_key key;
	struct tshm_image **images;
	size_t count, capacity;
	uint64_t *ends;			/* when those that had it were collected, as far as somebody noted it; sorted */
	size_t end_count, end_capacity;
	UT_hash_handle hh;
};

struct tshm_pid {			/* of images without a ledger: how many have it */
	int64_t pid;
	unsigned count;
	UT_hash_handle hh;
};

struct token {
	struct tshm_image *image;
	UT_hash_handle hh;
};

struct join {
	struct tshm_run *run;
	struct process *processes;
	struct token *tokens;
	const char *boot_id;		/* stands in where a ledger does not know its own */
	uint64_t pidns;
	struct tshm_image **inner;	/* whose parents are outside of their pid namespaces; by parent and time */
	size_t inner_count, inner_capacity;
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

static struct process *find_process(const struct join *j, const struct tshm_image *near, pid_t pid)
{
	struct process_key key = key_of(j, near, pid);
	struct process *p;

	HASH_FIND(hh, j->processes, &key, sizeof(key), p);
	return p;
}

static void index_image(struct join *j, struct tshm_image *im)
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
		index_image(j, run->images[i]);
	}
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
			struct process *p = TSHM_STAMP_STATE(c->stamp) == TSHM_STATE_CLOSED ? find_process(j, im, c->pid) : NULL;

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

/* Was one that had the number collected then?  What had it before is not what has it afterwards. */
static bool ended_between(const struct process *p, uint64_t after, uint64_t before)
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

/*
 * Of two runs in one report, one that was over before the other's image began: what had its number there is another
 * process.  Containers have the same small numbers each time, and may get the same namespace number, too.
 */
static bool over_before(const struct tshm_image *a, const struct tshm_image *b)
{
	return a->part && a->part != b->part && a->part->ended_wall && a->part->ended_wall < b->header.start_wall;
}

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

static void join_exec(struct join *j)
{
	for (struct process *p = j->processes; p; p = p->hh.next)
		for (size_t i = 1; i < p->count; i++)
			if (follows_by_exec(p->images[i - 1], p->images[i]) && !over_before(p->images[i - 1], p->images[i]) &&
			    !ended_between(p, p->images[i - 1]->header.start_mono, p->images[i]->header.start_mono)) {
				p->images[i - 1]->next = p->images[i];
				p->images[i]->previous = p->images[i - 1];
			}
}

/* The program that an image noted as it called exec, if nothing of it was seen. */
static void add_unseen_exec(struct join *j)
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
		index_image(j, new);
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
	return mono < TSHM_TICK_NS || !ended_between(p, im->header.start_mono, mono - TSHM_TICK_NS);
}

static struct tshm_image *parent_by_pid(const struct join *j, const struct tshm_image *im)
{
	struct process *p = im->header.ppid > 0 ? find_process(j, im, im->header.ppid) : NULL;
	struct tshm_image *best = NULL;

	for (size_t i = 0; p && i < p->count; i++)
		if (p->images[i] != im && lived_at(p, p->images[i], im->header.start_mono) && !over_before(p->images[i], im))
			best = p->images[i];
	return best;
}

static struct tshm_image *parent_by_token(const struct join *j, const struct tshm_image *im)
{
	static const char none[32];
	struct token *t;

	if (!memcmp(im->header.parent_token, none, sizeof(none)))
		return NULL;
	HASH_FIND(hh, j->tokens, im->header.parent_token, 32, t);
	return t && t->image != im ? t->image : NULL;
}

static void join_parents(struct join *j)
{
	struct tshm_run *run = j->run;

	for (size_t i = 0; i < run->image_count; i++) {
		struct tshm_image *im = run->images[i];

		if (im->previous || im->parent)
			continue;
		im->parent = parent_by_token(j, im);
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

/* ---- children, as their parents saw them ---- */

static struct tshm_image *image_of_child(const struct join *j, const struct tshm_image *parent,
					 const struct tshm_child *c)
{
	struct process *p = find_process(j, parent, c->pid);
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
	struct process *p = find_process(j, parent, c->pid);
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
	index_image(j, im);
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

static void join_children(struct join *j)
{
	size_t count = j->run->image_count;

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
static void join_unnoted_exec(struct join *j)
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
static void join_parents_unseen(struct join *j)
{
	struct tshm_run *run = j->run;

	for (size_t i = 0; i < run->image_count; i++) {
		struct tshm_image *im = run->images[i], *parent;

		if (im->previous || !im->observed || im->header.began == TSHM_BEGAN_FORK || parent_by_token(j, im))
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
static void join_orphans(struct join *j)
{
	struct tshm_run *run = j->run;

	for (size_t i = 0; i < run->image_count; i++) {
		struct tshm_image *im = run->images[i];

		if (im->begun_by && im->begun_by != im->parent && !parent_by_token(j, im) &&
		    !lived_past(im->begun_by, im->header.start_mono) && !hangs_on(im->begun_by, im))
			set_parent(im, im->begun_by);
	}
}

void tshm_model_join(struct tshm_run *run)
{
	struct join j = { .run = run };

	index_images(&j);
	index_ends(&j);
	join_exec(&j);
	add_unseen_exec(&j);
	join_parents(&j);
	index_inner(&j);
	join_children(&j);
	join_unnoted_exec(&j);
	join_parents_unseen(&j);
	join_orphans(&j);
	tshm_tree_end(run);
	tshm_tree_order(run);
	drop_index(&j);
}
