/* SPDX-License-Identifier: MIT */
/* Opening by name: who made what, and names that will outlive the process. */
#include <errno.h>
#include <fcntl.h>

#include "bytes.h"
#include "note.h"
#include "readable.h"
#include "real.h"
#include "site.h"
#include "strings.h"
#include "sys.h"

#ifndef O_TMPFILE
#define O_TMPFILE (020000000 | O_DIRECTORY)
#endif

/*
 * May it be shared memory, by its path?  In an shm mount; and /proc/self/fd/N or /dev/fd/N open
 * again what is open already, a memfd say.  No path: it was not opened by one.
 */
static bool tshm_path_may_share(const char *path)
{
	if (!path)
		return true;
	if (path[0] != '/')
		return false;
	switch (path[1]) {
	case 'd':
		return tshm_starts(path + 2, "ev/") && (tshm_starts(path + 5, "shm/") || tshm_starts(path + 5, "fd/"));
	case 'r': return tshm_starts(path + 2, "un/shm/");
	case 'p': return tshm_starts(path + 2, "roc/") && tshm_has(path, "/fd/");
	}
	return false;
}

static bool tshm_is_tmpfile(int flags)
{
	return (flags & O_TMPFILE) == O_TMPFILE;	/* it contains O_DIRECTORY */
}

/* With O_EXCL the call made it; else the report compares times. */
static uint32_t tshm_made_by(int flags)
{
	return flags & O_EXCL ? TSHM_HIF_EXCLUSIVE : TSHM_HIF_MAYBE;
}

void tshm_opening_begin(struct tshm_opening *o, struct tshm_here here, const char *path, int flags)
{
	o->here = here;
	o->path = path;
	o->flags = flags;
	o->site = o->name = 0;
	o->before = 0;
	if (!here.on || !path)
		return;
	/*
	 * The path is looked at when the kernel has read it.  The first miss by open() is told with the time after the
	 * call: a name that was made and removed in between would be taken for what was missed.
	 */
	if (!(flags & O_CREAT)) {
		if (TSHM_UNLIKELY(atomic_load_explicit(&tshm_missed, memory_order_relaxed)))
			o->before = tshm_now_precise();
		return;
	}
	if (!tshm_readable_string(path) || !tshm_path_is_shm(path))
		return;
	o->site = tshm_site_here(here);
	o->name = tshm_name_intent(TSHM_SPACE_SHM, here.call, path, 0, tshm_made_by(flags), o->site);
}

/* A file made in an shm mount by a path that does not begin with it: its name is had from /proc. */
static uint32_t tshm_opening_late_name(const struct tshm_opening *o, int fd, const struct stat *st)
{
	char proc[40], path[TSHM_NAME_MAX];
	size_t at = tshm_append(proc, 0, "/proc/self/fd/", sizeof(proc));
	uint32_t name;
	long n;

	tshm_append_number(proc, at, (uint64_t)fd, sizeof(proc));
	n = TSHM_SYS4(SYS_readlinkat, AT_FDCWD, proc, path, sizeof(path) - 1);
	if (n <= 0)
		return 0;
	path[n] = 0;
	name = tshm_name_intent(TSHM_SPACE_SHM, o->here.call, path, 0, tshm_made_by(o->flags), o->site);
	return tshm_name_confirm(name, tshm_made_by(o->flags), st, 0);
}

/* By a symbolic link or .. out of the shm mount that the path begins with?  Mounted over since we looked, it is one still. */
static bool tshm_path_leads_away(const char *path, const struct stat *file)
{
	struct stat st;

	return TSHM_SYS4(SYS_newfstatat, AT_FDCWD, tshm_starts(path, "/run") ? "/run/shm" : "/dev/shm", &st, 0) == 0 &&
	       st.st_dev != file->st_dev;
}

static void tshm_opening_identify(struct tshm_opening *o, int fd, struct tshm_resource *r)
{
	struct stat st;
	bool create = o->flags & O_CREAT;

	if (TSHM_SYS2(SYS_fstat, fd, &st) != 0)
		return;
	tshm_held_identity(r, &st);
	if (S_ISDIR(st.st_mode))
		TSHM_PUT(r->kind, TSHM_KIND_DIRECTORY);
	else if (tshm_device_is_shm(st.st_dev))
		TSHM_PUT(r->kind, TSHM_KIND_SEGMENT);
	if (tshm_is_tmpfile(o->flags)) {
		TSHM_PUT(r->flags, r->flags | TSHM_RF_TMPFILE);
		if (r->kind == TSHM_KIND_SEGMENT)
			TSHM_PUT(r->name, tshm_segment_new(o->here.call, o->path, &st, o->site));
	} else if (o->name && r->kind != TSHM_KIND_SEGMENT && tshm_path_leads_away(o->path, &st)) {
		tshm_name_withdraw(o->name);
		o->name = 0;
		TSHM_PUT(r->kind, S_ISDIR(st.st_mode) ? TSHM_KIND_DIRECTORY : tshm_kind_of(fd, &st));
	} else if (o->name) {
		TSHM_PUT(r->name, tshm_name_confirm(o->name, tshm_made_by(o->flags), &st, 0));
	} else if (create && r->kind == TSHM_KIND_SEGMENT) {
		TSHM_PUT(r->name, tshm_opening_late_name(o, fd, &st));
	} else if (r->kind == TSHM_KIND_SEGMENT) {
		TSHM_PUT(r->name, o->path ? tshm_name_find(TSHM_SPACE_SHM, o->path, 0) : 0);
	} else if (r->kind == TSHM_KIND_FILE) {
		TSHM_PUT(r->kind, tshm_kind_of(fd, &st));
	}
	if (r->name)
		tshm_history_ref(r->name);
	if (create && (o->flags & O_EXCL))
		TSHM_PUT(r->origin, TSHM_ORIGIN_CREATED);
}

int tshm_opening_end(struct tshm_opening *o, int fd)
{
	struct tshm_resource *r;
	uint32_t number;
	int access = o->flags & O_ACCMODE;

	if (!o->here.on)
		return fd;
	if (fd < 0) {
		tshm_name_withdraw(o->name);
		tshm_note_failed(o->here, errno);
		if (errno == ENOENT && !(o->flags & O_CREAT) && tshm_path_is_shm(o->path))
			tshm_attach_failed(o->here, TSHM_SPACE_SHM, o->path, 0, 0, ENOENT,
					   o->before ? o->before : tshm_now_precise());
		return fd;
	}
	if (o->before && tshm_path_is_shm(o->path))
		tshm_attach_worked(TSHM_SPACE_SHM, o->path, 0, 0);
	tshm_count(o->here.call);
	if (!o->site)
		o->site = tshm_site_here(o->here);
	r = tshm_held_new(&number, o->here.call, TSHM_KIND_FILE, TSHM_ORIGIN_OPENED, o->site);
	if (!r) {
		struct stat st;

		if (o->name && TSHM_SYS2(SYS_fstat, fd, &st) == 0)
			tshm_name_confirm(o->name, tshm_made_by(o->flags), &st, 0);
		return fd;
	}
	TSHM_PUT(r->sequence, tshm_close_now());
	TSHM_PUT(r->flags, (o->flags & O_CLOEXEC ? TSHM_RF_CLOEXEC : 0) | (access != O_WRONLY ? TSHM_RF_READ : 0) |
		   (access != O_RDONLY ? TSHM_RF_WRITE : 0));
	if (o->flags & O_DIRECTORY)
		TSHM_PUT(r->kind, TSHM_KIND_DIRECTORY);
	/* Identity costs a system call: it is had where objects are made and where they may be shared memory. */
	if ((o->flags & O_CREAT) || tshm_is_tmpfile(o->flags) || tshm_path_may_share(o->path))
		tshm_opening_identify(o, fd, r);
	tshm_fd_publish(fd, number);
	return fd;
}

int tshm_note_temporary(struct tshm_here here, int fd, const char *path, bool cloexec)
{
	struct tshm_opening o = { .here = here, .path = path,
				  .flags = O_RDWR | O_CREAT | O_EXCL | (cloexec ? O_CLOEXEC : 0) };

	return tshm_opening_end(&o, fd);
}

/*
 * mkstemp chooses the name inside the call, so no intent could be written before it,
 * and a kill in between would leave a name that nobody knows.  In an shm mount the
 * name is therefore chosen here, as mkstemp(3) describes: six characters of 62, tried
 * with O_EXCL until one is free.
 */
bool tshm_temporary_here(struct tshm_here here, char *path, int suffix, int flags, int *fd)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	size_t length;
	uint64_t seed;

	if (!here.on || !tshm_path_is_shm(path) || suffix < 0)
		return false;
	length = tshm_length(path);
	if (length < (size_t)suffix + 6 || __builtin_memcmp(path + length - (size_t)suffix - 6, "XXXXXX", 6) != 0)
		return false;	/* let the real one refuse it */
	if (TSHM_SYS3(SYS_getrandom, &seed, sizeof(seed), 1 /* GRND_NONBLOCK */) != sizeof(seed))
		seed = tshm_wall_coarse() ^ (uintptr_t)path;
	for (unsigned attempt = 0; attempt < 62 * 62 * 62; attempt++) {
		uint64_t n = tshm_mix(seed + attempt);
		struct tshm_opening o;

		for (int i = 0; i < 6; i++, n /= 62)
			path[length - (size_t)suffix - 6 + (size_t)i] = letters[n % 62];
		flags = (flags & ~O_ACCMODE) | O_RDWR | O_CREAT | O_EXCL;
		tshm_opening_begin(&o, here, path, flags);
		*fd = tshm_opening_end(&o, TSHM_REAL(open)(path, flags, 0600));
		if (*fd >= 0 || errno != EEXIST)
			return true;
	}
	return true;	/* errno is EEXIST, as mkstemp(3) says */
}
