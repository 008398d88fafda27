/* SPDX-License-Identifier: MIT */
/* Who holds what, by one pass over /proc; also files that have no name any more, and still take room. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "names.h"
#include "proc.h"
#include "system.h"
#include "xalloc.h"
#include <uthash.h>

#define SYSV_DEV UINT64_MAX		/* as a device: segments have numbers of their own */

struct known {
	struct { uint64_t dev, ino; } key;
	size_t place;			/* in items, or in unnamed */
	bool unnamed;
	UT_hash_handle hh;
};

struct search {
	struct tshm_system *s;
	struct known *table;
	uint64_t shm_dev;
};

static struct known *find(struct search *q, uint64_t dev, uint64_t ino)
{
	struct known *k, key = { .key = { dev, ino } };

	HASH_FIND(hh, q->table, &key.key, sizeof(key.key), k);
	return k;
}

static struct known *know(struct search *q, const struct tshm_item *i, size_t place, bool unnamed)
{
	struct known *k = tshm_xcalloc(1, sizeof(*k)), *there;

	k->key.dev = i->kind == TSHM_ITEM_SYSV ? SYSV_DEV : i->dev;
	k->key.ino = i->ino;
	k->place = place;
	k->unnamed = unnamed;
	HASH_FIND(hh, q->table, &k->key, sizeof(k->key), there);
	if (there) {		/* a second link */
		free(k);
		return NULL;
	}
	HASH_ADD(hh, q->table, key, sizeof(k->key), k);
	return k;
}

static struct tshm_keeper *keeper_of(struct tshm_item *i, pid_t pid)
{
	if (!i->keeper_count || i->keepers[i->keeper_count - 1].pid != pid) {
		char *exe = tshm_proc_link(pid, "exe");

		i->keepers = tshm_xreallocarray(i->keepers, i->keeper_count + 1, sizeof(*i->keepers));
		i->keepers[i->keeper_count++] = (struct tshm_keeper){ .pid = pid, .exe = exe ? exe : tshm_xstrdup("?") };
	}
	return &i->keepers[i->keeper_count - 1];
}

static struct tshm_item *item_of(struct search *q, const struct known *k)
{
	return k->unnamed ? &q->s->unnamed.list[k->place] : &q->s->items.list[k->place];
}

static struct tshm_item *add_unnamed(struct search *q, const struct stat *st)
{
	struct tshm_items *u = &q->s->unnamed;
	struct tshm_item i = { .kind = TSHM_ITEM_UNNAMED, .dev = st->st_dev, .ino = st->st_ino, .uid = st->st_uid,
			       .size = (uint64_t)st->st_size, .used = (uint64_t)st->st_blocks * 512,
			       .mode = st->st_mode & 07777 };

	if (!know(q, &i, u->count, true))
		return NULL;
	TSHM_GROW(u->list, u->count, u->capacity);
	u->list[u->count] = i;
	return &u->list[u->count++];
}

/* The link /proc/PID/fd/N, or of map_files: which item, if any. */
static struct tshm_item *item_at(struct search *q, int dir, const char *name)
{
	struct known *k;
	struct stat st;

	if (fstatat(dir, name, &st, 0) || !S_ISREG(st.st_mode))
		return NULL;
	k = find(q, st.st_dev, st.st_ino);
	if (k)
		return item_of(q, k);
	return st.st_dev == q->shm_dev && !st.st_nlink ? add_unnamed(q, &st) : NULL;
}

/* 0 or -errno. */
static int look_at_fds(struct search *q, pid_t pid)
{
	TSHM_AUTO_FREE char *path = tshm_xasprintf("/proc/%d/fd", (int)pid);
	TSHM_AUTO_DIR DIR *d = opendir(path);
	const struct dirent *e;

	if (!d)
		return -errno;
	errno = 0;
	while ((e = readdir(d))) {
		struct tshm_item *i = isdigit((unsigned char)e->d_name[0]) ? item_at(q, dirfd(d), e->d_name) : NULL;

		if (i)
			keeper_of(i, pid)->fds++;
	}
	return 0;
}

/* A file without a name is known by its link in map_files, or where that is not ours to see by the line alone. */
static struct tshm_item *unnamed_map(struct search *q, pid_t pid, const char *range, uint64_t dev, uint64_t ino,
				     uint64_t size)
{
	TSHM_AUTO_FREE char *path = tshm_xasprintf("/proc/%d/map_files/%s", (int)pid, range);
	struct stat st;

	if (stat(path, &st))
		st = (struct stat){ .st_dev = dev, .st_ino = ino, .st_size = (off_t)size,
				    .st_blocks = (blkcnt_t)(size / 512) };
	return st.st_dev == q->shm_dev && !st.st_nlink && st.st_ino == ino ? add_unnamed(q, &st) : NULL;
}

/* start-end perms offset major:minor inode   path; private mappings hold a file as well as shared ones do. */
static void look_at_map(struct search *q, pid_t pid, const char *line)
{
	static const char deleted[] = " (deleted)";
	unsigned long start, end;
	unsigned major, minor;
	uint64_t ino;
	struct known *k;
	struct tshm_item *i = NULL;
	int path = 0;
	size_t n;

	if (sscanf(line, "%lx-%lx %*s %*x %x:%x %" SCNu64 " %n", &start, &end, &major, &minor, &ino, &path) < 5 ||
	    !ino || !path)
		return;
	n = strlen(line + path);
	k = find(q, strncmp(line + path, "/SYSV", 5) ? makedev(major, minor) : SYSV_DEV, ino);
	if (k) {
		i = item_of(q, k);
	} else if (makedev(major, minor) == q->shm_dev && n >= sizeof(deleted) &&
		   !strcmp(line + path + n - sizeof(deleted) + 1, deleted)) {
		TSHM_AUTO_FREE char *range = tshm_xasprintf("%lx-%lx", start, end);

		i = unnamed_map(q, pid, range, makedev(major, minor), ino, end - start);
	}
	if (i)
		keeper_of(i, pid)->maps++;
}

static int look_at_maps(struct search *q, pid_t pid)
{
	TSHM_AUTO_FREE char *text = NULL;
	int error = tshm_proc_text(pid, "maps", &text);

	for (char *line = error ? NULL : text, *end; line && *line; line = end) {
		end = strchr(line, '\n');
		if (end)
			*end++ = 0;
		look_at_map(q, pid, line);
	}
	return error;
}

static int largest_first(const void *a, const void *b)
{
	const struct tshm_item *x = a, *y = b;

	return (x->used < y->used) - (x->used > y->used);
}

void tshm_keepers_find(struct tshm_system *s, const struct tshm_items *inside)
{
	struct search q = { .s = s };
	struct known *k, *next;
	struct stat st;
	size_t count;
	TSHM_AUTO_FREE pid_t *list = tshm_proc_list(&count);

	if (!stat(TSHM_SHM_MOUNT, &st))
		q.shm_dev = st.st_dev;
	for (size_t i = 0; i < s->items.count; i++)
		know(&q, &s->items.list[i], i, false);
	for (size_t i = 0; i < inside->count; i++)	/* who holds a file in a directory holds the directory */
		know(&q, &inside->list[i], (size_t)inside->list[i].id, false);
	for (size_t i = 0; i < count; i++) {
		int fds, maps;

		if (list[i] == getpid())
			continue;
		fds = look_at_fds(&q, list[i]);
		maps = look_at_maps(&q, list[i]);
		s->hidden += fds == -EACCES || fds == -EPERM || maps == -EACCES || maps == -EPERM;
	}
	if (s->unnamed.count)
		qsort(s->unnamed.list, s->unnamed.count, sizeof(*s->unnamed.list), largest_first);
	HASH_ITER(hh, q.table, k, next) {
		HASH_DEL(q.table, k);
		free(k);
	}
}
