/* SPDX-License-Identifier: MIT */
/* Pools: where runs lie, and which files belong to a run. */
#include "pool.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void tshm_paths_add(struct tshm_paths *p, char *path)
{
	TSHM_GROW(p->list, p->count, p->capacity);
	p->list[p->count++] = path;
}

void tshm_paths_free(struct tshm_paths *p)
{
	for (size_t i = 0; i < p->count; i++)
		free(p->list[i]);
	free(p->list);
	memset(p, 0, sizeof(*p));
}

static int path_order(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A directory that nobody else could have put there for us to find. */
static bool is_own_directory(const char *path)
{
	struct stat st;

	return !lstat(path, &st) && S_ISDIR(st.st_mode) && st.st_uid == geteuid();
}

struct tshm_paths tshm_pools(void)
{
	const char *given = getenv("TSHM_DIR"), *runtime = getenv("XDG_RUNTIME_DIR");
	struct tshm_paths pools = { 0 };
	struct stat st;
	char *candidates[3] = { NULL };

	if (given && given[0]) {	/* named by the user: whoever owns it */
		if (!stat(given, &st) && S_ISDIR(st.st_mode))
			tshm_paths_add(&pools, tshm_xstrdup(given));
		return pools;
	}
	/* The order in which the library looks for room. */
	if (runtime && runtime[0] == '/')
		candidates[0] = tshm_xasprintf("%s/tshm", runtime);
	candidates[1] = tshm_xasprintf("/dev/shm/tshm-%u", (unsigned)geteuid());
	candidates[2] = tshm_xasprintf("/tmp/tshm-%u", (unsigned)geteuid());
	for (unsigned i = 0; i < 3; i++) {
		if (candidates[i] && is_own_directory(candidates[i]))
			tshm_paths_add(&pools, candidates[i]);
		else
			free(candidates[i]);
	}
	return pools;
}

bool tshm_pool_is_run(const char *directory)
{
	TSHM_AUTO_FREE char *path = tshm_xasprintf("%s/" TSHM_LEDGER_RUN_FILE, directory);
	struct stat st;

	return !lstat(path, &st) && S_ISREG(st.st_mode);
}

struct tshm_paths tshm_pool_runs(const char *pool)
{
	TSHM_AUTO_DIR DIR *d = opendir(pool);
	struct tshm_paths runs = { 0 };
	const struct dirent *e;

	if (tshm_pool_is_run(pool)) {
		tshm_paths_add(&runs, tshm_xstrdup(pool));
		return runs;
	}
	while (d && (e = readdir(d))) {
		char *path;

		if (e->d_name[0] == '.' || !strcmp(e->d_name, TSHM_POOL_LOOSE) ||
		    (e->d_type != DT_DIR && e->d_type != DT_UNKNOWN))
			continue;
		path = tshm_xasprintf("%s/%s", pool, e->d_name);
		if (tshm_pool_is_run(path))
			tshm_paths_add(&runs, path);
		else
			free(path);
	}
	if (runs.count)
		qsort(runs.list, runs.count, sizeof(*runs.list), path_order);
	return runs;
}

static void add_ledgers(struct tshm_paths *to, const char *directory)
{
	TSHM_AUTO_DIR DIR *d = opendir(directory);
	const struct dirent *e;

	while (d && (e = readdir(d))) {
		size_t n = strlen(e->d_name), suffix = sizeof(TSHM_LEDGER_SUFFIX) - 1;

		if (n > suffix && !strcmp(e->d_name + n - suffix, TSHM_LEDGER_SUFFIX))
			tshm_paths_add(to, tshm_xasprintf("%s/%s", directory, e->d_name));
	}
}

struct tshm_paths tshm_pool_ledgers(const char *directory)
{
	struct tshm_paths ledgers = { 0 };

	add_ledgers(&ledgers, directory);
	if (ledgers.count)
		qsort(ledgers.list, ledgers.count, sizeof(*ledgers.list), path_order);
	return ledgers;
}

struct tshm_paths tshm_pool_loose(const char *pool)
{
	TSHM_AUTO_FREE char *loose = tshm_xasprintf("%s/" TSHM_POOL_LOOSE, pool);
	struct tshm_paths ledgers = { 0 };

	/* With TSHM_DIR set by hand they lie in it directly. */
	if (!tshm_pool_is_run(pool))
		add_ledgers(&ledgers, pool);
	add_ledgers(&ledgers, loose);
	if (ledgers.count)
		qsort(ledgers.list, ledgers.count, sizeof(*ledgers.list), path_order);
	return ledgers;
}

bool tshm_pool_is_token(const char *s)
{
	return strlen(s) == 32 && strspn(s, "0123456789abcdef") == 32;
}
