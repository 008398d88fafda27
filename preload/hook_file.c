/* SPDX-License-Identifier: MIT */
/* Opening files by name. */
#include <errno.h>
#include <stdarg.h>

#include "hook.h"

/* mode is there only with O_CREAT or O_TMPFILE (open(2)); reading it otherwise is undefined. */
#define TSHM_MODE(flags) \
	({ \
		mode_t mode_ = 0; \
		if (((flags) & O_CREAT) || ((flags) & O_TMPFILE) == O_TMPFILE) { \
			va_list list_; \
			va_start(list_, flags); \
			mode_ = (mode_t)va_arg(list_, int); \
			va_end(list_); \
		} \
		mode_; \
	})

#define TSHM_OPEN(name) \
	TSHM_HOOK(int, name, (const char *path, int flags, ...)) \
	{ \
		mode_t mode = TSHM_MODE(flags); \
		struct tshm_opening o; \
\
		tshm_opening_begin(&o, TSHM_HERE(name), path, flags); \
		return tshm_opening_end(&o, TSHM_REAL(name)(path, flags, mode)); \
	}
TSHM_OPEN(open)
TSHM_OPEN(open64)
TSHM_OPEN(__open)
TSHM_OPEN(__open64)

/* Fortified: no mode argument. */
#define TSHM_OPEN_2(name) \
	TSHM_HOOK(int, name, (const char *path, int flags)) \
	{ \
		struct tshm_opening o; \
\
		tshm_opening_begin(&o, TSHM_HERE(name), path, flags); \
		return tshm_opening_end(&o, TSHM_REAL(name)(path, flags)); \
	}
TSHM_OPEN_2(__open_2)
TSHM_OPEN_2(__open64_2)

#define TSHM_OPENAT(name) \
	TSHM_HOOK(int, name, (int directory, const char *path, int flags, ...)) \
	{ \
		mode_t mode = TSHM_MODE(flags); \
		struct tshm_opening o; \
\
		tshm_opening_begin(&o, TSHM_HERE(name), path, flags); \
		return tshm_opening_end(&o, TSHM_REAL(name)(directory, path, flags, mode)); \
	}
TSHM_OPENAT(openat)
TSHM_OPENAT(openat64)

#define TSHM_OPENAT_2(name) \
	TSHM_HOOK(int, name, (int directory, const char *path, int flags)) \
	{ \
		struct tshm_opening o; \
\
		tshm_opening_begin(&o, TSHM_HERE(name), path, flags); \
		return tshm_opening_end(&o, TSHM_REAL(name)(directory, path, flags)); \
	}
TSHM_OPENAT_2(__openat_2)
TSHM_OPENAT_2(__openat64_2)

#define TSHM_CREAT(name) \
	TSHM_HOOK(int, name, (const char *path, mode_t mode)) \
	{ \
		struct tshm_opening o; \
\
		tshm_opening_begin(&o, TSHM_HERE(name), path, O_CREAT | O_WRONLY | O_TRUNC); \
		return tshm_opening_end(&o, TSHM_REAL(name)(path, mode)); \
	}
TSHM_CREAT(creat)
TSHM_CREAT(creat64)

#define TSHM_MKSTEMP(name, parameters, arguments, suffix, flags) \
	TSHM_HOOK(int, name, parameters) \
	{ \
		struct tshm_here here = TSHM_HERE(name); \
		int fd; \
\
		if (tshm_temporary_here(here, path, suffix, flags, &fd)) \
			return fd; \
		return tshm_note_temporary(here, TSHM_REAL(name) arguments, path, (flags) & O_CLOEXEC); \
	}
TSHM_MKSTEMP(mkstemp, (char *path), (path), 0, 0)
TSHM_MKSTEMP(mkstemp64, (char *path), (path), 0, 0)
TSHM_MKSTEMP(mkostemp, (char *path, int mode), (path, mode), 0, mode)
TSHM_MKSTEMP(mkostemp64, (char *path, int mode), (path, mode), 0, mode)
TSHM_MKSTEMP(mkstemps, (char *path, int tail), (path, tail), tail, 0)
TSHM_MKSTEMP(mkstemps64, (char *path, int tail), (path, tail), tail, 0)
TSHM_MKSTEMP(mkostemps, (char *path, int tail, int mode), (path, tail, mode), tail, mode)
TSHM_MKSTEMP(mkostemps64, (char *path, int tail, int mode), (path, tail, mode), tail, mode)

/* ---- by something else than a path, or by one with conditions ---- */

/* Which file that is the handle does not tell: no path means that it is looked at. */
TSHM_HOOK(int, open_by_handle_at, (int mount, struct file_handle *handle, int flags))
{
	struct tshm_opening o;

	tshm_opening_begin(&o, TSHM_HERE(open_by_handle_at), NULL, flags);
	return tshm_opening_end(&o, TSHM_REAL(open_by_handle_at)(mount, handle, flags));
}

/* struct open_how begins with its flags, 64 bits (openat2(2)). */
TSHM_HOOK(int, openat2, (int directory, const char *path, const struct open_how *how, size_t size))
{
	struct tshm_opening o;

	tshm_opening_begin(&o, TSHM_HERE(openat2), path,
			   (int)tshm_flags_of((long)how, size, TSHM_OPEN_HOW_LEAST));
	return tshm_opening_end(&o, TSHM_REAL(openat2)(directory, path, how, size));
}
