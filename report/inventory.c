/* SPDX-License-Identifier: MIT */
/* Everything that has a name in the shm mount, queues, and SysV segments; how full it is. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "../ledger/ledger.h"
#include "names.h"
#include "system.h"
#include "xalloc.h"

#define INSIDE_MOST 200000	/* files in directories that are counted */
#define DEPTH_MOST 16

static struct tshm_item *add(struct tshm_items *items, enum tshm_item_kind kind)
{
	TSHM_GROW(items->list, items->count, items->capacity);
	items->list[items->count] = (struct tshm_item){ .kind = kind };
	return &items->list[items->count++];
}

static uint64_t ns_of(const struct statx_timestamp *t)
{
	return t->tv_sec < 0 ? 0 : (uint64_t)t->tv_sec * 1000000000u + t->tv_nsec;
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static bool look(int dir, const char *name, struct statx *x)
{
	return !statx(dir, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_BASIC_STATS | STATX_BTIME, x);
}

static void fill(struct tshm_item *i, const struct statx *x)
{
	i->dev = makedev(x->stx_dev_major, x->stx_dev_minor);
	i->ino = x->stx_ino;
	i->size = x->stx_size;
	i->used = x->stx_blocks * 512;
	i->mode = x->stx_mode & 07777;
	i->uid = x->stx_uid;
	if (x->stx_mask & STATX_BTIME)
		i->born_wall = ns_of(&x->stx_btime);
	i->touched_wall = later(i->born_wall, later(ns_of(&x->stx_mtime), ns_of(&x->stx_ctime)));
}

/* What lies in a directory is told of as one: its files are not names of shared memory, but take room. */
static void walk(struct tshm_items *inside, struct tshm_item *top, int64_t place, int parent, const char *name,
		 int depth)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	TSHM_AUTO_DIR DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;
	struct statx x;

	if (!d && fd >= 0)
		close(fd);
	while (d && (e = readdir(d)) && inside->count < INSIDE_MOST) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") || !look(dirfd(d), e->d_name, &x))
			continue;
		if (S_ISDIR(x.stx_mode)) {
			if (depth < DEPTH_MOST && makedev(x.stx_dev_major, x.stx_dev_minor) == top->dev)
				walk(inside, top, place, dirfd(d), e->d_name, depth + 1);
		} else {
			struct tshm_item *i = add(inside, TSHM_ITEM_OTHER);

			fill(i, &x);
			i->id = place;
			top->used += i->used;
			top->size += i->size;
			top->files++;
			top->touched_wall = later(top->touched_wall, i->touched_wall);
		}
	}
}

static enum tshm_item_kind kind_of(const struct statx *x, const char *name)
{
	if (S_ISDIR(x->stx_mode))
		return TSHM_ITEM_DIRECTORY;
	if (!S_ISREG(x->stx_mode) || tshm_names_is_ledger(name))
		return TSHM_ITEM_OTHER;
	return strncmp(name, "sem.", 4) ? TSHM_ITEM_SEGMENT : TSHM_ITEM_SEMAPHORE;
}

/* `path` is "/dev/shm" or where queues are. */
static bool list_mount(struct tshm_system *s, struct tshm_items *inside, const char *path, bool queues)
{
	TSHM_AUTO_DIR DIR *d = opendir(path);
	const struct dirent *e;
	struct statx x;

	while (d && (e = readdir(d))) {
		struct tshm_item *i;

		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") || !look(dirfd(d), e->d_name, &x))
			continue;
		i = add(&s->items, queues ? TSHM_ITEM_QUEUE : kind_of(&x, e->d_name));
		fill(i, &x);
		i->label = queues ? tshm_xasprintf("mq:/%s", e->d_name) : tshm_xasprintf("%s/%s", path, e->d_name);
		i->base = strrchr(i->label, '/') + 1;
		if (i->kind == TSHM_ITEM_DIRECTORY) {
			i->size = 0;
			walk(inside, i, (int64_t)(s->items.count - 1), dirfd(d), e->d_name, 0);
		}
	}
	return d;
}

/* Of a queue's file only the status text has a size; what it takes is what its attributes allow. */
static void size_of_queue(struct tshm_item *i)
{
	struct tshm_names none = { 0 };
	struct tshm_seen seen;

	i->size = i->used = 0;
	if (tshm_names_look(&none, TSHM_SPACE_MQ, i->base - 1, 0, &seen) == TSHM_LOOK_THERE)
		i->size = i->used = seen.size;
}

static void list_sysv(struct tshm_system *s)
{
	struct tshm_names names;

	tshm_names_open(&names);
	if (!names.has_sysv)
		s->problems[s->problem_count++] = "SysV segments: /proc/sysvipc/shm cannot be read";
	for (size_t n = 0; n < names.sysv_count; n++) {
		const struct tshm_seen *seen = &names.sysv[n];
		struct tshm_item *i = add(&s->items, TSHM_ITEM_SYSV);

		i->label = tshm_names_label(TSHM_SPACE_SYSV, NULL, seen->id);
		i->base = strchr(i->label, ':') + 1;
		i->id = seen->id;
		i->key = seen->key;
		i->ino = seen->ino;
		i->size = seen->size;
		i->used = seen->used;
		i->mode = seen->mode;
		i->uid = seen->uid;
		i->touched_wall = seen->change_wall;
		i->attached = seen->attached;
		i->maker = seen->creator_pid;
		i->known_by = TSHM_BY_KERNEL;
	}
	tshm_names_close(&names);
}

static uint64_t number_in(const char *path)
{
	TSHM_AUTO_FILE FILE *f = fopen(path, "re");
	uint64_t n = 0;

	return f && fscanf(f, "%" SCNu64, &n) == 1 ? n : 0;
}

static void add_limit(struct tshm_system *s, const char *name, const char *path, uint64_t used, uint64_t unit)
{
	uint64_t most = number_in(path);

	if (most)
		s->limits[s->limit_count++] =
			(struct tshm_kernel_limit){ name, most > UINT64_MAX / unit ? UINT64_MAX : most * unit, used };
}

static void measure(struct tshm_system *s, bool has_queues)
{
	uint64_t segments = 0, bytes = 0, queues = 0;
	struct statvfs f;

	s->shm.path = TSHM_SHM_MOUNT;
	if (!statvfs(TSHM_SHM_MOUNT, &f)) {
		s->shm.bytes = f.f_blocks * f.f_frsize;
		s->shm.used = (f.f_blocks - f.f_bfree) * f.f_frsize;
		s->shm.inodes = f.f_files;
		s->shm.inodes_used = f.f_files - f.f_ffree;
	}
	for (size_t n = 0; n < s->items.count; n++) {
		segments += s->items.list[n].kind == TSHM_ITEM_SYSV;
		bytes += s->items.list[n].kind == TSHM_ITEM_SYSV ? s->items.list[n].size : 0;
		queues += s->items.list[n].kind == TSHM_ITEM_QUEUE;
	}
	add_limit(s, "kernel.shmmni", "/proc/sys/kernel/shmmni", segments, 1);
	add_limit(s, "kernel.shmall", "/proc/sys/kernel/shmall", bytes, (uint64_t)sysconf(_SC_PAGESIZE));
	if (has_queues)
		add_limit(s, "fs.mqueue.queues_max", "/proc/sys/fs/mqueue/queues_max", queues, 1);
}

void tshm_inventory(struct tshm_system *s, struct tshm_items *inside)
{
	bool has_queues = tshm_names_has_queues();

	if (!list_mount(s, inside, TSHM_SHM_MOUNT, false))
		s->problems[s->problem_count++] = TSHM_SHM_MOUNT " cannot be read";
	if (!has_queues || !list_mount(s, inside, TSHM_MQUEUE_MOUNT, true))
		s->problems[s->problem_count++] = "message queues: no file system mqueue is mounted at " TSHM_MQUEUE_MOUNT;
	for (size_t i = 0; i < s->items.count; i++)
		if (s->items.list[i].kind == TSHM_ITEM_QUEUE)
			size_of_queue(&s->items.list[i]);
	list_sysv(s);
	measure(s, has_queues);
}
