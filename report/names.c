/* SPDX-License-Identifier: MIT */
/* What lies in the name spaces now. */
#include "names.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <mqueue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "../ledger/ledger.h"
#include "xalloc.h"

#define MQUEUE_MAGIC 0x19800202
#define SHM_DEST_BIT 01000u		/* in /proc/sysvipc/shm: removed, waits for its last detach */

void tshm_names_open(struct tshm_names *names)
{
	TSHM_AUTO_FILE FILE *f = fopen("/proc/sysvipc/shm", "re");
	TSHM_AUTO_FREE char *line = NULL;
	size_t room = 0, capacity = 0;

	memset(names, 0, sizeof(*names));
	if (!f || getline(&line, &room, f) < 0)
		return;
	names->has_sysv = true;
	while (getline(&line, &room, f) >= 0) {
		struct tshm_seen s = { .space = TSHM_SPACE_SYSV };
		uint64_t ctime, rss = 0, swap = 0;
		unsigned mode, uid;
		int key, id, cpid;

		/* key shmid perms size cpid lpid nattch uid gid cuid cgid atime dtime ctime rss swap */
		if (sscanf(line, "%d %d %o %" SCNu64 " %d %*d %" SCNu64 " %u %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64
			   " %" SCNu64, &key, &id, &mode, &s.size, &cpid, &s.attached, &uid, &ctime, &rss, &swap) < 8)
			continue;
		if (mode & SHM_DEST_BIT)
			continue;
		s.id = id;
		s.ino = (uint64_t)id;
		s.key = key;
		s.uid = uid;
		s.creator_pid = cpid;
		s.change_wall = ctime * 1000000000u;
		s.used = rss + swap;
		s.mode = mode & 07777;
		TSHM_GROW(names->sysv, names->sysv_count, capacity);
		names->sysv[names->sysv_count++] = s;
	}
}

void tshm_names_sockets(struct tshm_names *names)
{
	TSHM_AUTO_FILE FILE *f = fopen("/proc/net/unix", "re");
	TSHM_AUTO_FREE char *line = NULL;
	size_t room = 0, capacity = 0;
	int at;

	while (f && getline(&line, &room, f) >= 0) {
		at = 0;		/* Num RefCount Protocol Flags Type St Inode Path */
		sscanf(line, "%*s %*s %*s %*s %*s %*s %*s %n", &at);
		if (!at || !line[at] || line[at] == '@' || line[at] == '\n')
			continue;
		line[strcspn(line, "\n")] = 0;
		TSHM_GROW(names->bound, names->bound_count, capacity);
		names->bound[names->bound_count++] = tshm_xstrdup(line + at);
	}
}

void tshm_names_close(struct tshm_names *names)
{
	free(names->sysv);
	for (size_t i = 0; i < names->bound_count; i++)
		free(names->bound[i]);
	free(names->bound);
	memset(names, 0, sizeof(*names));
}

static enum tshm_look look_errno(int error)
{
	return error == ENOENT || error == ENOTDIR ? TSHM_LOOK_ABSENT : TSHM_LOOK_FAILED;
}

static enum tshm_look look_path(int dir, const char *path, mode_t type, struct tshm_seen *seen)
{
	struct statx x;

	if (statx(dir, path, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_BASIC_STATS | STATX_BTIME, &x))
		return look_errno(errno);
	seen->dev = makedev(x.stx_dev_major, x.stx_dev_minor);
	seen->ino = x.stx_ino;
	seen->size = x.stx_size;
	seen->uid = x.stx_uid;
	seen->mode = x.stx_mode;
	seen->change_wall = (uint64_t)x.stx_ctime.tv_sec * 1000000000u + x.stx_ctime.tv_nsec;
	if (x.stx_mask & STATX_BTIME)
		seen->birth_wall = (uint64_t)x.stx_btime.tv_sec * 1000000000u + x.stx_btime.tv_nsec;
	return (x.stx_mode & S_IFMT) == type ? TSHM_LOOK_THERE : TSHM_LOOK_ABSENT;
}

bool tshm_names_has_queues(void)
{
	struct statfs fs;

	return !statfs(TSHM_MQUEUE_MOUNT, &fs) && fs.f_type == MQUEUE_MAGIC;
}

/* The size of a queue's file is that of its status text; what it takes is what its attributes say. */
static enum tshm_look look_queue(const char *name, struct tshm_seen *seen)
{
	struct mq_attr attributes;
	struct stat st;
	mqd_t q;

	if (tshm_names_has_queues()) {
		TSHM_AUTO_FREE char *path = tshm_xasprintf(TSHM_MQUEUE_MOUNT "/%s", name + (name[0] == '/'));
		enum tshm_look how = look_path(AT_FDCWD, path, S_IFREG, seen);

		if (how != TSHM_LOOK_THERE)
			return how;
	}
	q = mq_open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (q == (mqd_t)-1)
		return seen->ino ? TSHM_LOOK_THERE : look_errno(errno);
	if (!fstat(q, &st)) {
		seen->dev = st.st_dev;
		seen->ino = st.st_ino;
		seen->uid = st.st_uid;
		seen->mode = st.st_mode;
	}
	seen->size = 0;
	if (!mq_getattr(q, &attributes))
		seen->size = (uint64_t)attributes.mq_maxmsg * (uint64_t)attributes.mq_msgsize;
	mq_close(q);
	return TSHM_LOOK_THERE;
}

/* Who bound a relative path had its own idea of where it begins: one that ends alike is taken for it. */
static bool is_bound(const struct tshm_names *names, const char *path)
{
	size_t length = strlen(path);

	for (size_t i = 0; i < names->bound_count; i++) {
		const char *b = names->bound[i] + (strncmp(names->bound[i], "./", 2) ? 0 : 2);
		size_t n = strlen(b);

		if (b[0] == '/' ? !strcmp(b, path) : n < length && path[length - n - 1] == '/' && !strcmp(b, path + length - n))
			return true;
	}
	return false;
}

static enum tshm_look look_socket(const struct tshm_names *names, const char *path, struct tshm_seen *seen)
{
	enum tshm_look how;

	if (!path || path[0] != '/')
		return TSHM_LOOK_FAILED;
	how = look_path(AT_FDCWD, path, S_IFSOCK, seen);
	seen->size = 0;
	seen->attached = how == TSHM_LOOK_THERE && is_bound(names, path);
	return how;
}

enum tshm_look tshm_names_look(const struct tshm_names *names, unsigned space, const char *name, int64_t id,
			       struct tshm_seen *seen)
{
	memset(seen, 0, sizeof(*seen));
	seen->space = (uint16_t)space;
	switch (space) {
	case TSHM_SPACE_SHM:
	case TSHM_SPACE_SEM:
		if (!name || name[0] != '/')
			return TSHM_LOOK_FAILED;
		return look_path(AT_FDCWD, name, S_IFREG, seen);
	case TSHM_SPACE_MQ:
		if (!name || !name[0])
			return TSHM_LOOK_FAILED;
		return look_queue(name, seen);
	case TSHM_SPACE_SOCKET:
		return look_socket(names, name, seen);
	case TSHM_SPACE_SYSV:
		for (size_t i = 0; i < names->sysv_count; i++)
			if (names->sysv[i].id == id) {
				*seen = names->sysv[i];
				return TSHM_LOOK_THERE;
			}
		return names->has_sysv ? TSHM_LOOK_ABSENT : TSHM_LOOK_FAILED;
	}
	return TSHM_LOOK_FAILED;
}

/* A ledger lies in a directory of its own as a rule; but TSHM_DIR may be the mount itself. */
bool tshm_names_is_ledger(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	if (strspn(name, "0123456789abcdef") != 32 || strncmp(name + 32, TSHM_LEDGER_SUFFIX, sizeof(TSHM_LEDGER_SUFFIX) - 1))
		return false;
	name += 32 + sizeof(TSHM_LEDGER_SUFFIX) - 1;
	return !*name || !strcmp(name, " (deleted)");	/* as /proc writes it */
}

bool tshm_names_is_closed(unsigned space, const char *name, bool *below)
{
	TSHM_AUTO_FREE char *path = name ? tshm_xstrdup(name) : NULL;
	bool closed = false;
	struct stat st;
	char *slash;

	*below = false;
	if ((space != TSHM_SPACE_SHM && space != TSHM_SPACE_SEM) || !path || path[0] != '/')
		return false;
	while ((slash = strrchr(path, '/')) && slash != path) {
		*slash = 0;
		closed |= !stat(path, &st) && !(st.st_mode & S_IXOTH);
		if (!strcmp(path, TSHM_SHM_MOUNT))
			break;
		*below = true;
	}
	return closed;
}

static void list_directory(const char *path, unsigned space, struct tshm_seen **list, size_t *count, size_t *capacity)
{
	TSHM_AUTO_DIR DIR *d = opendir(path);
	const struct dirent *e;

	while (d && (e = readdir(d))) {
		struct tshm_seen s = { 0 };

		if (e->d_name[0] == '.' && (!e->d_name[1] || (e->d_name[1] == '.' && !e->d_name[2])))
			continue;
		if (tshm_names_is_ledger(e->d_name))
			continue;
		if (look_path(dirfd(d), e->d_name, S_IFREG, &s) != TSHM_LOOK_THERE)
			continue;
		if (space == TSHM_SPACE_MQ)
			s.name = tshm_xasprintf("/%s", e->d_name);
		else
			s.name = tshm_xasprintf("%s/%s", path, e->d_name);
		s.space = (uint16_t)space;
		if (space == TSHM_SPACE_SHM && !strncmp(e->d_name, "sem.", 4))
			s.space = TSHM_SPACE_SEM;
		TSHM_GROW(*list, *count, *capacity);
		(*list)[(*count)++] = s;
	}
}

struct tshm_seen *tshm_names_list(const struct tshm_names *names, size_t *count)
{
	struct tshm_seen *list = NULL;
	size_t capacity = 0;

	*count = 0;
	list_directory(TSHM_SHM_MOUNT, TSHM_SPACE_SHM, &list, count, &capacity);
	if (tshm_names_has_queues())
		list_directory(TSHM_MQUEUE_MOUNT, TSHM_SPACE_MQ, &list, count, &capacity);
	for (size_t i = 0; i < names->sysv_count; i++) {
		TSHM_GROW(list, *count, capacity);
		list[(*count)++] = names->sysv[i];
	}
	return list;
}

void tshm_names_free_list(struct tshm_seen *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(list[i].name);
	free(list);
}

char *tshm_names_label(unsigned space, const char *name, int64_t id)
{
	if (space == TSHM_SPACE_SYSV)
		return tshm_xasprintf("sysv:%" PRId64, id);
	if (space == TSHM_SPACE_MQ)
		return tshm_xasprintf("mq:%s", name ? name : "?");
	return tshm_xstrdup(name ? name : "?");
}
