/* SPDX-License-Identifier: MIT */
/* All runs of a user: the list, and removing those that are over. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "loose.h"
#include "pool.h"
#include "proc.h"
#include "reader.h"
#include "reconcile.h"
#include "runs.h"
#include "text.h"

#define YOUNG_SECONDS 60	/* what is younger may only just begin */

static bool any_runs(struct tshm_image *const *images, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (images[i]->observed && tshm_reconcile_is_running(images[i]))
			return true;
	return false;
}

static bool is_young(const char *path)
{
	struct stat st;

	return !lstat(path, &st) && st.st_mtime + YOUNG_SECONDS > time(NULL);
}

/* Does tshm-run still wait for its command? */
static bool is_waited_for(const struct tshm_run *run)
{
	if (!run->made_by_run || run->ended_wall || run->root_pid <= 0)
		return false;
	if (run->boot_id && strcmp(run->boot_id, tshm_proc_here()->boot_id) != 0)
		return false;
	/* A container's number is another process's here. */
	if (run->pidns && tshm_proc_here()->pidns && run->pidns != tshm_proc_here()->pidns)
		return tshm_proc_translate(run->pidns, run->root_pid) > 0;
	return !kill(run->root_pid, 0) || errno == EPERM;
}

static void describe_made(struct tshm_run_entry *e, const char *path)
{
	struct tshm_run *run = tshm_run_new(path);
	struct tshm_paths ledgers = tshm_pool_ledgers(path);
	int error = tshm_runfile_read(run, path);

	tshm_run_read(run, &ledgers, true);
	e->path = tshm_xstrdup(path);
	e->name = tshm_xstrdup(tshm_text_base(path));
	e->started_wall = run->started_wall;
	e->ledgers = ledgers.count;
	e->live = is_waited_for(run) || any_runs(run->images, run->image_count) ||
		  (error && is_young(path)) || (!run->ended_wall && is_young(path));
	tshm_paths_free(&ledgers);
	tshm_run_free(run);
}

static void describe_loose(struct tshm_run_entry *e, const struct tshm_loose_run *r)
{
	e->path = tshm_xstrdup(r->images[0]->path);
	e->name = tshm_xstrdup(r->images[0]->id);
	e->started_wall = r->images[0]->header.start_wall;
	e->ledgers = r->ledgers;
	e->loose = true;
	e->live = any_runs(r->images, r->count);
}

static int newest_first(const void *a, const void *b)
{
	const struct tshm_run_entry *x = a, *y = b;

	if (x->started_wall != y->started_wall)
		return x->started_wall < y->started_wall ? 1 : -1;
	return strcmp(x->path, y->path);
}

struct tshm_run_list *tshm_runs_list(void)
{
	struct tshm_run_list *all = tshm_xcalloc(1, sizeof(*all));
	struct tshm_paths pools = tshm_pools();
	size_t capacity = 0;

	for (size_t i = 0; i < pools.count; i++) {
		struct tshm_paths runs = tshm_pool_runs(pools.list[i]);
		struct tshm_loose *loose = tshm_loose_load(pools.list[i]);

		for (size_t k = 0; k < runs.count + loose->count; k++) {
			TSHM_GROW(all->list, all->count, capacity);
			memset(&all->list[all->count], 0, sizeof(*all->list));
			if (k < runs.count)
				describe_made(&all->list[all->count++], runs.list[k]);
			else
				describe_loose(&all->list[all->count++], &loose->list[k - runs.count]);
		}
		tshm_paths_free(&runs);
		tshm_loose_free(loose);
	}
	tshm_paths_free(&pools);
	if (all->count)
		qsort(all->list, all->count, sizeof(*all->list), newest_first);
	return all;
}

void tshm_runs_list_free(struct tshm_run_list *all)
{
	for (size_t i = 0; i < all->count; i++) {
		free(all->list[i].path);
		free(all->list[i].name);
	}
	free(all->list);
	free(all);
}

/* ---- removing ---- */

static bool remove_file(struct tshm_pruned *p, int dir, const char *name)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode) || unlinkat(dir, name, 0))
		return false;
	p->bytes += (uint64_t)st.st_blocks * 512;
	return true;
}

/* Only what tshm itself puts there; a directory with anything else in it stays. */
static bool remove_directory(struct tshm_pruned *p, const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	TSHM_AUTO_DIR DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *e;

	while (d && (e = readdir(d))) {
		size_t n = strlen(e->d_name), suffix = sizeof(TSHM_LEDGER_SUFFIX) - 1;
		bool ledger = n > suffix && !strcmp(e->d_name + n - suffix, TSHM_LEDGER_SUFFIX);

		if (ledger)
			p->ledgers += remove_file(p, dirfd(d), e->d_name);
	}
	/* Last: as long as it is there, this is a run that can be pruned. */
	if (d)
		remove_file(p, dirfd(d), TSHM_LEDGER_RUN_FILE);
	return d && !rmdir(path);
}

static void count_run(struct tshm_pruned *p, bool removed)
{
	p->runs += removed;
	p->failed += !removed;
}

static int later_name_first(const void *a, const void *b)
{
	return strcmp(tshm_text_base(*(char *const *)b), tshm_text_base(*(char *const *)a));
}

/* What the files of a directory take on their file system. */
static uint64_t bytes_of(const char *path)
{
	TSHM_AUTO_DIR DIR *d = opendir(path);
	const struct dirent *e;
	uint64_t bytes = 0;
	struct stat st;

	while (d && (e = readdir(d)))
		if (!fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) && S_ISREG(st.st_mode))
			bytes += (uint64_t)st.st_blocks * 512;
	return bytes;
}

/* The newest stay as long as they take no more than *room in all; names begin with the time. */
static void prune_made(struct tshm_pruned *p, const char *pool, uint64_t *room)
{
	struct tshm_paths runs = tshm_pool_runs(pool);

	if (runs.count && *room)
		qsort(runs.list, runs.count, sizeof(*runs.list), later_name_first);
	for (size_t i = 0; i < runs.count; i++) {
		struct tshm_run_entry e = { 0 };
		uint64_t bytes = *room ? bytes_of(runs.list[i]) : 0;

		if (*room > bytes) {
			*room -= bytes;
			p->spared++;
			continue;
		}
		*room = 0;
		describe_made(&e, runs.list[i]);
		if (e.live)
			p->kept++;
		else
			count_run(p, remove_directory(p, e.path));
		free(e.path);
		free(e.name);
	}
	tshm_paths_free(&runs);
}

static void prune_loose(struct tshm_pruned *p, const char *pool, uint64_t *room)
{
	struct tshm_loose *loose;
	uint64_t bytes = 0;
	char *inner;

	if (*room) {
		inner = tshm_xasprintf("%s/loose", pool);
		bytes = bytes_of(inner);
		free(inner);
	}
	if (*room > bytes) {
		*room -= bytes;
		return;
	}
	loose = tshm_loose_load(pool);

	for (size_t i = 0; i < loose->count; i++) {
		const struct tshm_loose_run *r = &loose->list[i];
		bool all = true;

		if (any_runs(r->images, r->count)) {
			p->kept++;
			continue;
		}
		for (size_t k = 0; k < r->count; k++) {
			bool removed = r->images[k]->observed && remove_file(p, AT_FDCWD, r->images[k]->path);

			p->ledgers += removed;
			all = all && (removed || !r->images[k]->observed);
		}
		count_run(p, all);
	}
	tshm_loose_free(loose);
}

/* What its program never wrote into, or what this version cannot read, and nobody has touched for a while. */
static void prune_dead(struct tshm_pruned *p, const char *pool)
{
	struct tshm_paths left = tshm_pool_loose(pool);

	for (size_t i = 0; i < left.count; i++) {
		struct tshm_image im;
		char *problem;

		if (tshm_reader_peek(left.list[i], &im, &problem) == TSHM_READ_OK)
			tshm_reader_close(&im);
		else if (!is_young(left.list[i]))
			p->ledgers += remove_file(p, AT_FDCWD, left.list[i]);
		free(problem);
	}
	tshm_paths_free(&left);
}

struct tshm_pruned tshm_runs_prune(uint64_t room)
{
	struct tshm_pruned p = { 0 };
	struct tshm_paths pools = tshm_pools();

	for (size_t i = 0; i < pools.count; i++) {
		prune_made(&p, pools.list[i], &room);
		prune_loose(&p, pools.list[i], &room);
		prune_dead(&p, pools.list[i]);
	}
	tshm_paths_free(&pools);
	return p;
}
