/* SPDX-License-Identifier: MIT */
/* Who outside of the run holds what it left: one pass over /proc, and only if something is left. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "names.h"
#include "proc.h"
#include "reconcile.h"
#include <uthash.h>

struct wanted {
	uint64_t ino;			/* device numbers differ between stat() and maps on some file systems */
	struct tshm_object **list;
	size_t count, capacity;
	UT_hash_handle hh;
};

static void want(struct wanted **table, struct tshm_object *o)
{
	struct wanted *w;

	HASH_FIND(hh, *table, &o->ino, sizeof(o->ino), w);
	if (!w) {
		w = tshm_xcalloc(1, sizeof(*w));
		w->ino = o->ino;
		HASH_ADD(hh, *table, ino, sizeof(w->ino), w);
	}
	TSHM_GROW(w->list, w->count, w->capacity);
	w->list[w->count++] = o;
}

static void add_outsider(struct tshm_run *run, struct tshm_object *o, pid_t pid)
{
	TSHM_AUTO_FREE char *exe = NULL;

	if (o->outsider_count && o->outsiders[o->outsider_count - 1].pid == pid)
		return;
	exe = tshm_proc_link(pid, "exe");
	o->outsiders = tshm_xreallocarray(o->outsiders, o->outsider_count + 1, sizeof(*o->outsiders));
	o->outsiders[o->outsider_count++] = (struct tshm_outsider){
		.pid = pid, .exe = tshm_arena_strdup(&run->own->arena, exe ? exe : "?")
	};
}

static void match(struct tshm_run *run, struct wanted *table, pid_t pid, uint64_t dev, uint64_t ino, const char *path)
{
	struct wanted *w;

	HASH_FIND(hh, table, &ino, sizeof(ino), w);
	for (size_t i = 0; w && i < w->count; i++) {
		struct tshm_object *o = w->list[i];
		bool sysv = o->space == TSHM_SPACE_SYSV;

		if (sysv ? path && !strncmp(path, "/SYSV", 5) : o->dev == dev)
			add_outsider(run, o, pid);
	}
}

/* Does it hold any of them?  Counts the processes that we may not look at. */
static void look_at(struct tshm_run *run, struct wanted *table, pid_t pid)
{
	struct tshm_maps maps;
	struct tshm_fds fds;
	int error = tshm_proc_fds(pid, &fds);

	if (error == -EACCES || error == -EPERM)
		run->hidden++;
	for (size_t i = 0; !error && i < fds.count; i++)
		match(run, table, pid, fds.list[i].dev, fds.list[i].ino, NULL);
	tshm_proc_fds_free(&fds);
	if (!tshm_proc_maps(pid, &maps)) {
		for (size_t i = 0; i < maps.count; i++)
			match(run, table, pid, maps.list[i].dev, maps.list[i].ino, maps.list[i].path);
	}
	tshm_proc_maps_free(&maps);
}

static bool is_of_run(const struct tshm_run *run, pid_t pid)
{
	for (size_t i = 0; i < run->image_count; i++)
		if (run->images[i]->live_pid == pid && run->images[i]->observed)
			return true;
	return false;
}

/* A segment with more attachments than we can see is held by somebody whom we may not look at. */
static void ask_sysv(struct tshm_run *run)
{
	struct tshm_names names;

	tshm_names_open(&names);
	for (struct tshm_object *o = run->objects; o; o = o->next) {
		struct tshm_seen seen;

		if (o->state == TSHM_OBJECT_LEAKED && o->space == TSHM_SPACE_SYSV && !o->outsider_count &&
		    tshm_names_look(&names, o->space, NULL, o->sysv_id, &seen) == TSHM_LOOK_THERE && seen.attached)
			add_outsider(run, o, 0);
	}
	tshm_names_close(&names);
}

/* Names that nobody of the run made are asked about as objects of their own. */
static struct tshm_object *want_strays(struct tshm_run *run, struct wanted **table)
{
	struct tshm_object *list = tshm_xcalloc(run->stray_count + 1, sizeof(*list));

	for (size_t i = 0; i < run->stray_count; i++) {
		list[i].space = run->strays[i].space;
		list[i].dev = run->strays[i].dev;
		list[i].ino = run->strays[i].ino;
		want(table, &list[i]);
	}
	return list;
}

/* Objects that the run itself holds: there may be as many of them as strays. */
struct held_number {
	struct { uint64_t dev, ino; } key;
	UT_hash_handle hh;
};

static struct held_number *held_numbers(const struct tshm_run *run)
{
	struct held_number *all = NULL, *n;

	for (const struct tshm_object *o = run->objects; o; o = o->next) {
		struct held_number key = { .key = { o->dev, o->ino } };

		if (!o->holder_count)
			continue;
		HASH_FIND(hh, all, &key.key, sizeof(key.key), n);
		if (n)
			continue;
		n = tshm_xcalloc(1, sizeof(*n));
		n->key = key.key;
		HASH_ADD(hh, all, key, sizeof(n->key), n);
	}
	return all;
}

/* What somebody holds is in use: it did not just stay behind. */
static void drop_held_strays(struct tshm_run *run, struct tshm_object *as_objects)
{
	struct held_number *all = run->stray_count ? held_numbers(run) : NULL, *n, *next;
	size_t kept = 0;

	for (size_t i = 0; i < run->stray_count; i++) {
		struct held_number key = { .key = { as_objects[i].dev, as_objects[i].ino } };

		HASH_FIND(hh, all, &key.key, sizeof(key.key), n);
		if (!n && !as_objects[i].outsider_count)
			run->strays[kept++] = run->strays[i];
		free(as_objects[i].outsiders);
	}
	run->stray_count = kept;
	free(as_objects);
	HASH_ITER(hh, all, n, next) {
		HASH_DEL(all, n);
		free(n);
	}
}

void tshm_reconcile_outsiders(struct tshm_run *run)
{
	struct wanted *table = NULL, *w, *next;
	struct tshm_object *strays = want_strays(run, &table);
	size_t count;
	pid_t *list;

	for (struct tshm_object *o = run->objects; o; o = o->next)
		if (o->state == TSHM_OBJECT_LEAKED && o->space != TSHM_SPACE_SOCKET)	/* of those the kernel's list told */
			want(&table, o);
	if (!table) {
		free(strays);
		return;
	}
	list = tshm_proc_list(&count);
	for (size_t i = 0; i < count; i++)
		if (list[i] != getpid() && !is_of_run(run, list[i]))
			look_at(run, table, list[i]);
	free(list);
	ask_sysv(run);
	drop_held_strays(run, strays);
	HASH_ITER(hh, table, w, next) {
		HASH_DEL(table, w);
		free(w->list);
		free(w);
	}
}
