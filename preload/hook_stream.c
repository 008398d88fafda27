/* SPDX-License-Identifier: MIT */
/*
 * Streams and directories.  libc's own calls inside fopen, opendir and the others do
 * not pass the hooks of open and close, so the descriptor is taken from the stream.
 */
#include <errno.h>

#include "bytes.h"
#include "hook.h"
#include "sys.h"

/* fopen(3): r, w, a, then any of + b x e m c; glibc stops at ",ccs=". */
static int tshm_mode_flags(const char *mode)
{
	int flags = *mode == 'r' ? O_RDONLY : *mode == 'w' ? O_WRONLY | O_CREAT | O_TRUNC :
		    O_WRONLY | O_CREAT | O_APPEND;

	for (const char *m = mode; *m && *m != ','; m++) {
		if (*m == '+')
			flags = (flags & ~O_ACCMODE) | O_RDWR;
		else if (*m == 'x')
			flags |= O_EXCL;
		else if (*m == 'e')
			flags |= O_CLOEXEC;
	}
	return flags;
}

/* -1: none, and errno stays. */
static int tshm_stream_fd(FILE *file)
{
	int saved_errno = errno, fd = file ? fileno(file) : -1;

	errno = saved_errno;
	return fd;
}

static FILE *tshm_stream_done(struct tshm_opening *o, FILE *file)
{
	int saved_errno = errno, fd = tshm_stream_fd(file);

	tshm_opening_end(o, fd);
	if (fd >= 0 && o->here.on)
		tshm_note_stream(fd);
	errno = saved_errno;
	return file;
}

/* freopen keeps the number, and with it close-on-exec if the old file had it. */
static void tshm_stream_cloexec(FILE *file)
{
	int fd = tshm_stream_fd(file);
	long flags = TSHM_SYS3(SYS_fcntl, fd, F_GETFD, 0);

	if (flags > 0 && (flags & FD_CLOEXEC))
		tshm_note_cloexec(fd, true);
}

#define TSHM_FOPEN(name) \
	TSHM_HOOK(FILE *, name, (const char *path, const char *mode)) \
	{ \
		struct tshm_opening o; \
\
		tshm_opening_begin(&o, TSHM_HERE(name), path, tshm_mode_flags(mode)); \
		return tshm_stream_done(&o, TSHM_REAL(name)(path, mode)); \
	}
TSHM_FOPEN(fopen)
TSHM_FOPEN(fopen64)
TSHM_FOPEN(_IO_fopen)

/* fopen for a table of mounts; glibc adds close-on-exec to the mode (setmntent.c). */
#define TSHM_SETMNTENT(name) \
	TSHM_HOOK(FILE *, name, (const char *path, const char *mode)) \
	{ \
		struct tshm_opening o; \
\
		tshm_opening_begin(&o, TSHM_HERE(name), path, tshm_mode_flags(mode) | O_CLOEXEC); \
		return tshm_stream_done(&o, TSHM_REAL(name)(path, mode)); \
	}
TSHM_SETMNTENT(setmntent)
TSHM_SETMNTENT(__setmntent)

/* Closes what the stream had, then opens; with a NULL path it changes the mode of the same file. */
#define TSHM_FREOPEN(name) \
	TSHM_HOOK(FILE *, name, (const char *path, const char *mode, FILE *file)) \
	{ \
		struct tshm_here here = TSHM_HERE(name); \
		int was = tshm_stream_fd(file); \
		uint64_t word = tshm_fd_word(was); \
		struct tshm_opening o; \
\
		tshm_opening_begin(&o, here, path, tshm_mode_flags(mode)); \
		file = TSHM_REAL(name)(path, mode, file); \
		if (here.on && tshm_stream_fd(file) != was) \
			tshm_fd_release(was, word, tshm_now_coarse()); \
		tshm_stream_done(&o, file); \
		if (here.on && file) \
			tshm_stream_cloexec(file); \
		return file; \
	}
TSHM_FREOPEN(freopen)
TSHM_FREOPEN(freopen64)

#define TSHM_FDOPEN(name) \
	TSHM_HOOK(FILE *, name, (int fd, const char *mode)) \
	{ \
		struct tshm_here here = TSHM_HERE(name); \
		FILE *file = TSHM_REAL(name)(fd, mode); \
\
		if (file && here.on) \
			tshm_note_stream(fd); \
		return file; \
	}
TSHM_FDOPEN(fdopen)
TSHM_FDOPEN(_IO_fdopen)

/* EBADF of what was open: it was flushing that failed, into something that cannot be written. */
static int tshm_stream_error(uint64_t word)
{
	return errno == EBADF && word ? EIO : errno;
}

/*
 * The descriptor is closed even if flushing failed; EBADF: it had been closed behind the stream.
 * endmntent returns 1, and takes NULL.
 */
#define TSHM_FCLOSE(name) \
	TSHM_HOOK(int, name, (FILE *file)) \
	{ \
		struct tshm_here here = TSHM_HERE(name); \
		int fd = tshm_stream_fd(file); \
		uint64_t word = tshm_fd_word(fd); \
		int result = TSHM_REAL(name)(file); \
\
		tshm_note_close(here, fd, word, result, result < 0 ? tshm_stream_error(word) : 0); \
		return result; \
	}
TSHM_FCLOSE(fclose)
TSHM_FCLOSE(_IO_fclose)
TSHM_FCLOSE(endmntent)
TSHM_FCLOSE(__endmntent)

#define TSHM_TMPFILE(name) \
	TSHM_HOOK(FILE *, name, (void)) \
	{ \
		struct tshm_here here = TSHM_HERE(name); \
		FILE *file = TSHM_REAL(name)(); \
		int fd = tshm_stream_fd(file); \
\
		tshm_note_open(here, fd, TSHM_KIND_FILE, false); \
		return file; \
	}
TSHM_TMPFILE(tmpfile)
TSHM_TMPFILE(tmpfile64)

TSHM_HOOK(DIR *, opendir, (const char *path))
{
	struct tshm_here here = TSHM_HERE(opendir);
	DIR *dir = TSHM_REAL(opendir)(path);

	tshm_note_open(here, dir ? dirfd(dir) : -1, TSHM_KIND_DIRECTORY, true);
	return dir;
}

TSHM_HOOK(DIR *, fdopendir, (int fd))
{
	struct tshm_here here = TSHM_HERE(fdopendir);
	DIR *dir = TSHM_REAL(fdopendir)(fd);

	if (dir && here.on) {
		tshm_note_cloexec(fd, true);	/* glibc sets it */
		tshm_note_stream(fd);
	}
	return dir;
}

TSHM_HOOK(int, closedir, (DIR *dir))
{
	struct tshm_here here = TSHM_HERE(closedir);
	int fd = dir ? dirfd(dir) : -1;
	uint64_t word = tshm_fd_word(fd);
	int result = TSHM_REAL(closedir)(dir);

	tshm_note_close(here, fd, word, result, result ? errno : 0);
	return result;
}

#define TSHM_POPEN(name) \
	TSHM_HOOK(FILE *, name, (const char *command, const char *mode)) \
	{ \
		struct tshm_here here = TSHM_HERE(name); \
		FILE *file = TSHM_REAL(name)(command, mode); \
		int fd = tshm_stream_fd(file); \
		bool cloexec = false; \
\
		for (const char *m = mode; *m; m++) \
			cloexec |= *m == 'e'; \
		tshm_note_open(here, fd, TSHM_KIND_PIPE, cloexec); \
		if (fd >= 0 && here.on) \
			tshm_note_stream(fd); \
		return file; \
	}
TSHM_POPEN(popen)
TSHM_POPEN(_IO_popen)

TSHM_HOOK(int, pclose, (FILE *file))
{
	struct tshm_here here = TSHM_HERE(pclose);
	int fd = tshm_stream_fd(file);
	uint64_t word = tshm_fd_word(fd);
	int result = TSHM_REAL(pclose)(file);

	/* The result is the command's; the stream is closed whatever it is. */
	tshm_note_close(here, fd, word, 0, 0);
	return result;
}
