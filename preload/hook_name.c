/* SPDX-License-Identifier: MIT */
/* Names in the shm mounts that are removed, renamed or linked, and shm_open. */
#include <errno.h>

#include "bytes.h"
#include "hook.h"
#include "site.h"
#include "sys.h"

/* POSIX leaves it open; glibc puts "/x" (leading slashes dropped) at /dev/shm/x (shm-directory.h). */
static bool tshm_shm_path(char path[TSHM_NAME_MAX], const char *name)
{
	size_t at;

	while (name && *name == '/')
		name++;
	if (!name || !*name || tshm_length(name) > 255)
		return false;
	at = tshm_append(path, 0, "/dev/shm/", TSHM_NAME_MAX);
	tshm_append(path, at, name, TSHM_NAME_MAX);
	return true;
}

TSHM_HOOK(int, shm_open, (const char *name, int flags, mode_t mode))
{
	struct tshm_here here = TSHM_HERE(shm_open);
	char path[TSHM_NAME_MAX];
	struct tshm_opening o;

	here.on = here.on && tshm_shm_path(path, name);
	tshm_opening_begin(&o, here, path, flags | O_CLOEXEC);
	if (here.on && !(flags & O_CREAT) && !o.before)
		o.before = tshm_now_precise();
	return tshm_opening_end(&o, TSHM_REAL(shm_open)(name, flags, mode));
}

/*
 * The path of a name that is to be removed, if it may matter: in an shm mount by
 * its first characters, or relative while this process has names there.  It can be read (readable.h).
 */
static bool tshm_name_path(char full[TSHM_NAME_MAX], int directory, const char *path)
{
	if (path[0] == '/' && !tshm_path_is_shm(path))
		return false;
	return tshm_path_whole(full, directory, path) && tshm_path_is_shm(full);
}

/* A relative path needs a system call to be judged: only where it can be in an shm mount at all. */
static bool tshm_name_matters(struct tshm_here here, char full[TSHM_NAME_MAX], int directory, const char *path)
{
	struct stat st;

	if (!here.on || !tshm_readable_string(path))
		return false;
	if (path[0] == '/')
		return tshm_name_path(full, directory, path);
	if (TSHM_SYS4(SYS_newfstatat, directory, path, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
	    !tshm_device_is_shm(st.st_dev))
		return false;
	return tshm_name_path(full, directory, path);
}

/* A path that a socket was bound to is no name in an shm mount; it is looked at while this process has any. */
static bool tshm_is_bound(struct tshm_here here, char full[TSHM_NAME_MAX], int directory, const char *path)
{
	return here.on && tshm_any_bound && tshm_readable_string(path) && tshm_path_whole(full, directory, path) &&
	       tshm_name_find(TSHM_SPACE_SOCKET, full, 0);
}

static bool tshm_is_sem_path(const char *path)
{
	return tshm_starts(path, "/dev/shm/sem.");
}

static enum tshm_space tshm_space_of(const char *path)
{
	return tshm_is_sem_path(path) ? TSHM_SPACE_SEM : TSHM_SPACE_SHM;
}

#define TSHM_UNLINK(name, parameters, arguments, directory, of_file) \
	TSHM_HOOK(int, name, parameters) \
	{ \
		struct tshm_here here = TSHM_HERE(name); \
		char full[TSHM_NAME_MAX]; \
		struct tshm_removal r; \
		bool bound = (of_file) && tshm_is_bound(here, full, directory, path); \
		bool matters = bound || ((of_file) && tshm_name_matters(here, full, directory, path)); \
		int result; \
\
		if (matters) \
			tshm_removal_look(&r, bound ? TSHM_SPACE_SOCKET : tshm_space_of(full), full, 0); \
		result = TSHM_REAL(name) arguments; \
		if (matters && result == 0) \
			tshm_removal_done(&r, here, 0); \
		else if (matters && errno == ENOENT) \
			tshm_removal_vain(&r, here); \
		return result; \
	}
TSHM_UNLINK(unlink, (const char *path), (path), AT_FDCWD, true)
TSHM_UNLINK(remove, (const char *path), (path), AT_FDCWD, true)
TSHM_UNLINK(unlinkat, (int at, const char *path, int flags), (at, path, flags), at,
	    !(flags & AT_REMOVEDIR))

TSHM_HOOK(int, shm_unlink, (const char *name))
{
	struct tshm_here here = TSHM_HERE(shm_unlink);
	char full[TSHM_NAME_MAX];
	struct tshm_removal r;
	int result;

	here.on = here.on && tshm_shm_path(full, name);
	if (here.on)
		tshm_removal_look(&r, tshm_space_of(full), full, 0);
	result = TSHM_REAL(shm_unlink)(name);
	if (here.on && result == 0)
		tshm_removal_done(&r, here, 0);
	else if (here.on && errno == ENOENT)
		tshm_removal_vain(&r, here);
	return result;
}

/* A rename or link on its way: what it takes away, what it overwrites, and what it makes. */
struct tshm_renaming {
	bool matters, from_shm, kept;
	char from[TSHM_NAME_MAX], to[TSHM_NAME_MAX];
	struct tshm_removal removal, overwritten;
	struct stat st;
	uint32_t intent, site, from_number;
};

static void tshm_renaming_begin(struct tshm_renaming *r, struct tshm_here here, int from_at, const char *from,
				int to_at, const char *to)
{
	r->matters = false;
	if (!here.on || !from || !to)
		return;
	r->from_shm = tshm_name_matters(here, r->from, from_at, from);
	if (!r->from_shm)
		return;		/* neither end is there; a rename crosses no mounts */
	if (!tshm_readable_string(to) || !tshm_name_path(r->to, to_at, to) ||
	    TSHM_SYS4(SYS_newfstatat, AT_FDCWD, r->from, &r->st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(r->st.st_mode))
		return;		/* a directory, a socket: no segment */
	r->matters = true;
	tshm_removal_look(&r->removal, tshm_space_of(r->from), r->from, 0);
	r->kept = tshm_removal_keep(&r->removal);
	r->from_number = r->removal.number;
	tshm_removal_look(&r->overwritten, tshm_space_of(r->to), r->to, 0);
	r->site = tshm_site_here(here);
	r->intent = tshm_name_intent(tshm_space_of(r->to), here.call, r->to, 0, TSHM_HIF_RENAMED, r->site);
	if (r->intent)		/* killed in the call, the object tells by which name it goes */
		tshm_name_identify(r->intent, &r->st);
}

enum tshm_renamed { TSHM_MOVED, TSHM_LINKED, TSHM_EXCHANGED };

static void tshm_renaming_note(struct tshm_renaming *r, struct tshm_here here, enum tshm_renamed how)
{
	uint32_t from = r->removal.number;
	struct stat st;

	/* Two names of one file: rename(2) leaves both. */
	if (how == TSHM_MOVED && r->overwritten.has_ident && r->overwritten.ino == r->st.st_ino &&
	    r->overwritten.dev == r->st.st_dev &&
	    TSHM_SYS4(SYS_newfstatat, AT_FDCWD, r->from, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_ino == r->st.st_ino) {
		tshm_name_withdraw(r->intent);
		return;
	}
	if (how == TSHM_MOVED) {
		if (r->overwritten.has_ident)
			tshm_removal_done(&r->overwritten, here, TSHM_HIF_RENAMED);
		from = tshm_removal_done(&r->removal, here, TSHM_HIF_RENAMED);
	}
	if (!r->intent)
		return;
	tshm_history(r->intent)->h.link = from;
	if (r->kept)
		tshm_name_keeps(r->intent, r->from_number);
	r->kept = false;
	tshm_name_confirm(r->intent, how == TSHM_LINKED ? TSHM_HIF_LINKED | TSHM_HIF_RENAMED : TSHM_HIF_RENAMED,
			  &r->st, 0);
}

static int tshm_renaming_end(struct tshm_renaming *r, struct tshm_here here, int result, enum tshm_renamed how)
{
	if (!r->matters)
		return result;
	if (result == 0)
		tshm_renaming_note(r, here, how);
	else
		tshm_name_withdraw(r->intent);
	if (r->kept)
		tshm_history_unref(r->from_number);
	return result;
}

TSHM_HOOK(int, rename, (const char *from, const char *to))
{
	struct tshm_here here = TSHM_HERE(rename);
	struct tshm_renaming r;

	tshm_renaming_begin(&r, here, AT_FDCWD, from, AT_FDCWD, to);
	return tshm_renaming_end(&r, here, TSHM_REAL(rename)(from, to), TSHM_MOVED);
}

TSHM_HOOK(int, renameat, (int from_at, const char *from, int to_at, const char *to))
{
	struct tshm_here here = TSHM_HERE(renameat);
	struct tshm_renaming r;

	tshm_renaming_begin(&r, here, from_at, from, to_at, to);
	return tshm_renaming_end(&r, here, TSHM_REAL(renameat)(from_at, from, to_at, to), TSHM_MOVED);
}

/* Two names change places: each is taken away and made anew. */
static int tshm_exchange_end(struct tshm_renaming r[2], struct tshm_here here, int result)
{
	for (int i = 0; i < 2 && result == 0; i++)
		if (r[i].matters)
			r[i].removal.number = tshm_removal_done(&r[i].removal, here, TSHM_HIF_RENAMED);
	for (int i = 0; i < 2; i++)
		tshm_renaming_end(&r[i], here, result, TSHM_EXCHANGED);
	return result;
}

TSHM_HOOK(int, renameat2, (int from_at, const char *from, int to_at, const char *to, unsigned flags))
{
	struct tshm_here here = TSHM_HERE(renameat2);
	struct tshm_renaming r[2];
	int result;

	tshm_renaming_begin(&r[0], here, from_at, from, to_at, to);
	if (!(flags & 2 /* RENAME_EXCHANGE */))
		return tshm_renaming_end(&r[0], here, TSHM_REAL(renameat2)(from_at, from, to_at, to, flags), TSHM_MOVED);
	tshm_renaming_begin(&r[1], here, to_at, to, from_at, from);
	result = TSHM_REAL(renameat2)(from_at, from, to_at, to, flags);
	return tshm_exchange_end(r, here, result);
}

TSHM_HOOK(int, link, (const char *from, const char *to))
{
	struct tshm_here here = TSHM_HERE(link);
	struct tshm_renaming r;

	tshm_renaming_begin(&r, here, AT_FDCWD, from, AT_FDCWD, to);
	return tshm_renaming_end(&r, here, TSHM_REAL(link)(from, to), TSHM_LINKED);
}

/* A name on its way that did not come by an open(): intent, then what came of it. */
struct tshm_naming {
	uint32_t intent;
	char full[TSHM_NAME_MAX];
};

static void tshm_naming_begin(struct tshm_naming *n, struct tshm_here here, int at, const char *path)
{
	n->intent = 0;
	if (here.on && tshm_readable_string(path) && tshm_name_path(n->full, at, path))
		n->intent = tshm_name_intent(tshm_space_of(n->full), here.call, n->full, 0, TSHM_HIF_EXCLUSIVE,
					     tshm_site_here(here));
}

static int tshm_naming_end(struct tshm_naming *n, int result)
{
	struct stat st;

	if (!n->intent)
		return result;
	if (result == 0 && TSHM_SYS4(SYS_newfstatat, AT_FDCWD, n->full, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(st.st_mode))
		tshm_name_confirm(n->intent, TSHM_HIF_EXCLUSIVE, &st, 0);
	else if (result != 0 || !tshm_confined)
		tshm_name_withdraw(n->intent);
	return result;
}

/*
 * linkat may also give a first name to a nameless file (O_TMPFILE, by AT_EMPTY_PATH or
 * /proc/self/fd/N); then `from` is not in an shm mount by its path, but `to` is.
 */
TSHM_HOOK(int, linkat, (int from_at, const char *from, int to_at, const char *to, int flags))
{
	struct tshm_here here = TSHM_HERE(linkat);
	struct tshm_naming n = { .intent = 0 };
	struct tshm_renaming r;
	int result;

	tshm_renaming_begin(&r, here, from_at, from, to_at, to);
	if (!r.matters)
		tshm_naming_begin(&n, here, to_at, to);
	result = TSHM_REAL(linkat)(from_at, from, to_at, to, flags);
	return r.matters ? tshm_renaming_end(&r, here, result, TSHM_LINKED) : tshm_naming_end(&n, result);
}

/* A regular file may be made so too; what else is made so is no memory. */
#define TSHM_MKNOD(name, parameters, arguments, at) \
	TSHM_HOOK(int, name, parameters) \
	{ \
		struct tshm_here here = TSHM_HERE(name); \
		struct tshm_naming n; \
\
		tshm_naming_begin(&n, here, at, S_ISREG(mode) || !(mode & S_IFMT) ? path : NULL); \
		return tshm_naming_end(&n, TSHM_REAL(name) arguments); \
	}
TSHM_MKNOD(mknod, (const char *path, mode_t mode, dev_t device), (path, mode, device), AT_FDCWD)
TSHM_MKNOD(mknodat, (int at, const char *path, mode_t mode, dev_t device), (at, path, mode, device), at)
TSHM_MKNOD(__xmknod, (int version, const char *path, mode_t mode, dev_t *device), (version, path, mode, device),
	   AT_FDCWD)
TSHM_MKNOD(__xmknodat, (int version, int at, const char *path, mode_t mode, dev_t *device),
	   (version, at, path, mode, device), at)
