/* SPDX-License-Identifier: MIT */
/*
 * Where the run is kept: a directory of its own in the user's pool, on the first
 * tmpfs with room, in the order in which the library looks (preload/options.c).
 *
 * The pool is the user's alone.  A run that root makes is different: its programs
 * may give up their privileges (postgres, su, nginx) and must still be able to make
 * their ledgers, though neither to list nor to remove those of others.  So it has
 * mode 1733, and since everybody could put files there, a name that nobody guesses;
 * the pool and all above it must then be searchable.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "../ledger/ledger.h"
#include "run.h"

#define TMPFS 0x01021994	/* TMPFS_MAGIC, linux/magic.h */
#define ROOM (1u << 20)		/* what the library asks for, too */
#define LONGEST 400		/* the library keeps the directory in a fixed array */

static bool is_root(void)
{
	return geteuid() == 0;
}

static bool has_room(const char *path, bool *tmpfs)
{
	struct statfs fs;

	if (statfs(path, &fs) != 0)
		return false;
	*tmpfs = fs.f_type == TMPFS;
	return (uint64_t)fs.f_bavail * (uint64_t)fs.f_bsize >= ROOM;
}

/* Can everybody get through to it? */
static bool is_searchable(const char *path)
{
	char *part = strdup(path);
	bool open = part != NULL;
	struct stat st;

	while (open && part[0] && strcmp(part, "/") != 0) {
		char *slash = strrchr(part, '/');

		open = stat(part, &st) == 0 && (st.st_mode & S_IXOTH);
		if (!slash)
			break;
		*slash = 0;
	}
	free(part);
	return open;
}

/* Ours alone, made if need be; nobody else can have put it there for us to find. */
static bool is_pool(const char *path)
{
	struct stat st;

	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return false;
	if (lstat(path, &st) != 0 || !S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 022))
		return false;
	return !is_root() || chmod(path, 0711) == 0;
}

static char *pool_on(const char *base, bool named_by_uid)
{
	char *path = named_by_uid ? tshm_text("%s/tshm-%u", base, (unsigned)geteuid()) : tshm_text("%s/tshm", base);

	if (is_pool(path))
		return path;
	free(path);
	return NULL;
}

static char *find_pool(void)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	const char *bases[] = { runtime && runtime[0] == '/' ? runtime : NULL, "/dev/shm", "/tmp" };
	bool tmpfs;

	for (int disk = 0; disk < 2; disk++) {	/* a disk only as the last resort */
		for (int i = 0; i < 3; i++) {
			char *pool;

			if (!bases[i] || !has_room(bases[i], &tmpfs) || tmpfs == (disk != 0))
				continue;
			if (is_root() && !is_searchable(bases[i]))
				continue;
			pool = pool_on(bases[i], i > 0);
			if (pool)
				return pool;
		}
	}
	tshm_die("no room for a run in XDG_RUNTIME_DIR, /dev/shm or /tmp; name a directory with -o");
}

static bool has_run(const char *path)
{
	DIR *d = opendir(path);
	const struct dirent *e;
	bool found = false;

	while (d && !found && (e = readdir(d))) {
		size_t n = strlen(e->d_name), suffix = sizeof(TSHM_LEDGER_SUFFIX) - 1;

		found = !strcmp(e->d_name, TSHM_LEDGER_RUN_FILE) ||
			(n > suffix && !strcmp(e->d_name + n - suffix, TSHM_LEDGER_SUFFIX));
	}
	if (d)
		closedir(d);
	return found;
}

/* TSHM_DIR is a pool that the user named; unless another tshm-run set it, and we are part of its run. */
static char *pool(void)
{
	const char *given = getenv("TSHM_DIR");
	char *inner, *real;

	if (!given || !given[0])
		return find_pool();
	inner = tshm_text("%s/" TSHM_LEDGER_RUN_FILE, given);
	if (access(inner, F_OK) == 0) {
		free(inner);
		return find_pool();
	}
	free(inner);
	if (mkdir(given, is_root() ? 0711 : 0700) != 0 && errno != EEXIST)
		tshm_die("TSHM_DIR %s: %m", given);
	real = realpath(given, NULL);
	if (!real)
		tshm_die("TSHM_DIR %s: %m", given);
	return real;
}

/* "20261124-031500-4711-python3", and for root a token. */
static char *name_of(const char *command)
{
	const char *base = strrchr(command, '/') ? strrchr(command, '/') + 1 : command;
	char safe[41], when[32], token[20] = "";
	time_t now = time(NULL);
	struct tm tm;
	size_t n = 0;

	for (; base[n] && n + 1 < sizeof(safe); n++)
		safe[n] = strchr("/ :=\"'\\", base[n]) || (unsigned char)base[n] <= ' ' || (unsigned char)base[n] >= 127 ?
			  '_' : base[n];
	safe[n] = 0;
	strftime(when, sizeof(when), "%Y%m%d-%H%M%S", localtime_r(&now, &tm));
	if (is_root()) {
		uint64_t random;

		if (getrandom(&random, sizeof(random), 0) != sizeof(random))
			tshm_die("getrandom: %m");
		snprintf(token, sizeof(token), "-%016llx", (unsigned long long)random);
	}
	return tshm_text("%s-%d-%s%s", when, (int)getpid(), safe, token);
}

static void make_named(struct tshm_job *job)
{
	bool made = mkdir(job->output, 0700) == 0;

	if (!made && errno != EEXIST)
		tshm_die("%s: %m", job->output);
	if (!made && has_run(job->output))
		tshm_die("%s: holds a run already", job->output);
	/* One that was there has the mode that its owner chose. */
	if (made && is_root() && chmod(job->output, 01733) != 0)
		tshm_die("%s: %m", job->output);
	job->dir = realpath(job->output, NULL);
	if (!job->dir)
		tshm_die("%s: %m", job->output);
}

static void make_pooled(struct tshm_job *job)
{
	char *in = pool(), *name = name_of(job->command[0]);
	struct stat st;

	/* Each subdirectory is a link to its parent. */
	if (stat(in, &st) == 0 && st.st_nlink > TSHM_POOL_MANY + 2)
		tshm_judge_tidy();
	job->dir = tshm_text("%s/%s", in, name);
	if (mkdir(job->dir, 0700) != 0 || (is_root() && chmod(job->dir, 01733) != 0))
		tshm_die("%s: %m", job->dir);
	free(in);
	free(name);
}

void tshm_place_make(struct tshm_job *job)
{
	if (job->output)
		make_named(job);
	else
		make_pooled(job);
	if (strlen(job->dir) > LONGEST)
		tshm_die("%s: this path is longer than %d", job->dir, LONGEST);
	job->dir_fd = open(job->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (job->dir_fd < 0)
		tshm_die("%s: %m", job->dir);
}
