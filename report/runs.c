/* SPDX-License-Identifier: MIT */
/* Runs: what a RUN argument means, and loading one. */
#include "runs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "loose.h"
#include "pool.h"
#include "progress.h"
#include "reader.h"
#include "reconcile.h"
#include "text.h"
#include <uthash.h>

#define HOSTS_NAMED 8	/* of those that several runs are of */

struct tshm_run *tshm_run_new(const char *path)
{
	struct tshm_run *run = tshm_xcalloc(1, sizeof(*run));

	run->own = tshm_xcalloc(1, sizeof(*run->own));
	run->path = tshm_arena_strdup(&run->own->arena, path);
	return run;
}

static void free_image(struct tshm_image *im)
{
	if (im->observed)
		tshm_reader_close(im);
	free(im);
}

void tshm_run_free(struct tshm_run *run)
{
	if (!run)
		return;
	for (struct tshm_object *o = run->objects; o; o = o->next) {
		free(o->pasts);
		free(o->records);
		free(o->holders);
		free(o->outsiders);
	}
	for (size_t i = 0; i < run->image_count; i++)
		free_image(run->images[i]);
	for (size_t i = 0; i < run->problem_count; i++)
		free(run->problems[i]);
	for (size_t i = 0; i < run->part_count; i++)
		tshm_run_free(run->parts[i]);
	free(run->parts);
	free(run->images);
	free(run->strays);
	free(run->problems);
	tshm_arena_free(&run->own->arena);
	free(run->own);
	free(run);
}

bool tshm_run_is_live(const struct tshm_run *run)
{
	for (size_t i = 0; i < run->image_count; i++)
		if (run->images[i]->state == TSHM_IMAGE_RUNNING)
			return true;
	return false;
}

/* ---- reading ---- */

struct known { const char *id; UT_hash_handle hh; };

static void add_known(struct known **set, const char *id)
{
	struct known *k = NULL;

	if (!id || !id[0])
		return;
	HASH_FIND_STR(*set, id, k);
	if (k)
		return;
	k = tshm_xcalloc(1, sizeof(*k));
	k->id = id;
	HASH_ADD_KEYPTR(hh, *set, k->id, strlen(k->id), k);
}

void tshm_run_read(struct tshm_run *run, const struct tshm_paths *paths, bool peek)
{
	struct known *tokens = NULL, *t, *next;

	for (size_t i = 0; i < run->image_count; i++)
		add_known(&tokens, run->images[i]->id);
	for (size_t i = 0; i < paths->count; i++) {
		struct tshm_image *im = tshm_xcalloc(1, sizeof(*im));
		enum tshm_read how;
		char *problem;

		tshm_progress("reading ledgers", i, paths->count);
		how = peek ? tshm_reader_peek(paths->list[i], im, &problem) : tshm_reader_open(paths->list[i], im, &problem);

		if (problem)
			tshm_model_problem(run, problem);
		if (how != TSHM_READ_OK) {
			run->unreadable += how == TSHM_READ_BAD;
			free(im);
			continue;
		}
		HASH_FIND_STR(tokens, im->id, t);
		if (t) {	/* the same ledger twice, or a copy of it */
			free_image(im);
			continue;
		}
		add_known(&tokens, im->id);
		tshm_model_append(run, im);
	}
	HASH_ITER(hh, tokens, t, next) {
		HASH_DEL(tokens, t);
		free(t);
	}
}

/* ---- what is true of the whole ---- */

/* "alpha", "alpha, beta", "alpha, beta, … and 3 more": of run.json, and of ledgers. */
static void name_hosts(struct tshm_run *run)
{
	struct known *hosts = NULL, *h, *next;
	size_t more, named = 0;

	add_known(&hosts, run->host);
	for (size_t i = 0; i < run->image_count && (run->part_count > 1 || !hosts); i++)
		if (run->images[i]->observed)
			add_known(&hosts, run->images[i]->string(run->images[i], run->images[i]->header.host, NULL));
	more = HASH_COUNT(hosts) > HOSTS_NAMED ? HASH_COUNT(hosts) - HOSTS_NAMED : 0;
	run->host = hosts ? hosts->id : "?";
	HASH_ITER(hh, hosts, h, next) {
		if (named++ && named <= HOSTS_NAMED) {
			TSHM_AUTO_FREE char *all = tshm_xasprintf("%s, %s", run->host, h->id);

			run->host = tshm_arena_strdup(&run->own->arena, all);
		}
		HASH_DEL(hosts, h);
		free(h);
	}
	if (more) {
		TSHM_AUTO_FREE char *all = tshm_xasprintf("%s and %zu more", run->host, more);

		run->host = tshm_arena_strdup(&run->own->arena, all);
	}
}

static void sum_up(struct tshm_run *run)
{
	bool live = tshm_run_is_live(run), from_file = run->made_by_run, one = run->part_count <= 1;
	uint64_t started = 0, ended = 0;

	run->complete = !run->unreadable && !run->problem_count;
	for (size_t i = 0; i < run->image_count; i++) {
		const struct tshm_image *im = run->images[i];

		run->lost += im->lost;
		if (!im->observed || im->lost || im->torn)
			run->complete = false;
		if (im->observed && (!started || im->header.start_wall < started))
			started = im->header.start_wall;
		if (im->header.end_wall > ended)
			ended = im->header.end_wall;
		if (im->header.start_wall > ended)
			ended = im->header.start_wall;
	}
	name_hosts(run);
	if (!run->started_wall)
		run->started_wall = started;
	if (!live && (!from_file || (!one && ended > run->ended_wall)))
		run->ended_wall = ended;
}

/* Anything that the kernel here was not asked about is said. */
static void tell_foreign(struct tshm_run *run)
{
	size_t foreign = 0;

	for (size_t i = 0; i < run->image_count; i++)
		foreign += run->images[i]->observed && run->images[i]->foreign;
	if (foreign)
		tshm_model_problem(run, tshm_xasprintf("%s from another host or boot: names and processes were not asked about",
						       tshm_text_plural(foreign, "ledger").s));
}

static struct tshm_run *finish(struct tshm_run *run)
{
	struct tshm_objects *objects;

	tshm_model_join(run);
	tshm_parts_tell_apart(run);
	tshm_handles_join(run);
	tshm_reconcile_images(run);
	sum_up(run);
	objects = tshm_objects_make(run);
	tshm_reconcile_names(run, objects);
	tshm_objects_done(objects);
	tell_foreign(run);
	return run;
}

/* ---- arguments ---- */

/* What an argument leads to is a part of the whole; ledgers that are given one by one are one part. */
struct wanted_part {
	char *path;			/* what it is called after */
	bool directory;			/* it may have a run.json */
	bool single;			/* ledgers given one by one */
	struct tshm_paths ledgers;
};

struct wanted {
	struct wanted_part *parts;
	size_t count, capacity;
};

static struct wanted_part *want_part(struct wanted *w, const char *path)
{
	struct wanted_part *part;

	TSHM_GROW(w->parts, w->count, w->capacity);
	part = &w->parts[w->count++];
	memset(part, 0, sizeof(*part));
	part->path = tshm_xstrdup(path);
	return part;
}

static bool is_same_file(const char *a, const char *b)
{
	struct stat x, y;

	return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* False: there is nothing in it. */
static bool want_directory(struct wanted *w, const char *path)
{
	struct tshm_paths ledgers;
	struct wanted_part *part;

	for (size_t i = 0; i < w->count; i++)
		if (w->parts[i].directory && is_same_file(w->parts[i].path, path))
			return true;
	ledgers = tshm_pool_ledgers(path);
	if (!ledgers.count && !tshm_pool_is_run(path)) {
		tshm_paths_free(&ledgers);
		return false;
	}
	part = want_part(w, path);
	part->directory = true;
	part->ledgers = ledgers;
	return true;
}

static void want_file(struct wanted *w, const char *path)
{
	struct wanted_part *part = NULL;

	for (size_t i = 0; i < w->count; i++)
		if (w->parts[i].single)
			part = &w->parts[i];
	if (!part)
		part = want_part(w, path);
	part->single = true;
	tshm_paths_add(&part->ledgers, tshm_xstrdup(path));
}

/* The loose run that has this ledger, or the newest of the pool if token is NULL. */
static bool want_loose(struct wanted *w, const char *pool, const char *token)
{
	struct tshm_loose *loose = tshm_loose_load(pool);
	const struct tshm_loose_run *r = token ? tshm_loose_find(loose, token) : loose->count ? &loose->list[0] : NULL;

	if (r) {
		struct wanted_part *part = want_part(w, r->images[0]->path);

		for (size_t i = 0; i < r->count; i++)
			if (r->images[i]->observed)
				tshm_paths_add(&part->ledgers, tshm_xstrdup(r->images[i]->path));
	}
	tshm_loose_free(loose);
	return r != NULL;
}

/* A token names the run that its ledger is in. */
static bool want_token(struct wanted *w, const char *pool, const char *token)
{
	struct tshm_paths runs = tshm_pool_runs(pool);
	bool found = false;

	for (size_t i = 0; i < runs.count && !found; i++) {
		TSHM_AUTO_FREE char *path = tshm_xasprintf("%s/%s" TSHM_LEDGER_SUFFIX, runs.list[i], token);
		struct stat st;

		found = !lstat(path, &st);
		found = found && want_directory(w, runs.list[i]);
	}
	tshm_paths_free(&runs);
	return found || want_loose(w, pool, token);
}

static bool want_in_pools(struct wanted *w, const char *arg)
{
	struct tshm_paths pools = tshm_pools();
	bool found = false;

	for (size_t i = 0; i < pools.count && !found; i++) {
		TSHM_AUTO_FREE char *path = tshm_xasprintf("%s/%s", pools.list[i], arg);

		if (tshm_pool_is_token(arg))
			found = want_token(w, pools.list[i], arg);
		if (!found && !strchr(arg, '/') && tshm_pool_is_run(path)) {
			found = want_directory(w, path);
		}
	}
	tshm_paths_free(&pools);
	return found;
}

static bool want_argument(struct wanted *w, const char *arg, char **error)
{
	struct stat st;

	if (!stat(arg, &st)) {
		if (!S_ISDIR(st.st_mode)) {
			want_file(w, arg);
			return true;
		}
		if (want_directory(w, arg))
			return true;
		*error = tshm_xasprintf("%s: no run: it has neither ledgers nor a " TSHM_LEDGER_RUN_FILE, arg);
		return false;
	}
	if (want_in_pools(w, arg))
		return true;
	*error = tshm_xasprintf("%s: no such run, ledger or token", arg);
	return false;
}

static bool want_newest(struct wanted *w, char **error)
{
	struct tshm_run_list *all = tshm_runs_list();
	bool found = all->count > 0;

	if (!found)
		*error = tshm_xstrdup("no run was found: start one with tshm-run, or name a directory or ledger");
	else if (!all->list[0].loose)
		found = want_directory(w, all->list[0].path);
	else
		found = want_in_pools(w, all->list[0].name);
	if (!found && !*error)
		*error = tshm_xasprintf("%s: the newest run has just gone", all->list[0].path);
	tshm_runs_list_free(all);
	return found;
}

static void read_part(struct tshm_run *run, const struct wanted_part *wanted)
{
	struct tshm_run *part = tshm_run_new(wanted->path);
	size_t before = run->image_count;

	if (wanted->directory && tshm_pool_is_run(wanted->path) && tshm_runfile_read(part, wanted->path) == -EINVAL)
		part->unreadable++;
	tshm_run_read(run, &wanted->ledgers, false);
	for (size_t i = before; i < run->image_count; i++)
		run->images[i]->part = part;
	run->parts = tshm_xreallocarray(run->parts, run->part_count + 1, sizeof(*run->parts));
	run->parts[run->part_count++] = part;
}

struct tshm_run *tshm_run_load(char **args, int count, char **error)
{
	struct wanted w = { 0 };
	struct tshm_run *run = NULL;
	bool ok = true;

	*error = NULL;
	for (int i = 0; ok && i < count; i++)
		ok = want_argument(&w, args[i], error);
	if (!count)
		ok = want_newest(&w, error);
	if (ok) {
		run = tshm_run_new(w.parts[0].path);
		for (size_t i = 0; i < w.count; i++)
			read_part(run, &w.parts[i]);
		tshm_parts_merge(run);
		finish(run);
	}
	for (size_t i = 0; i < w.count; i++) {
		tshm_paths_free(&w.parts[i].ledgers);
		free(w.parts[i].path);
	}
	free(w.parts);
	return run;
}
