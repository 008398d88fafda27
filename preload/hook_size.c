/* SPDX-License-Identifier: MIT */
/* How large a segment is: what is left of a process that was killed tells it no more. */
#include <errno.h>

#include "hook.h"

#define TSHM_FTRUNCATE(name, length_type) \
	TSHM_HOOK(int, name, (int fd, length_type length)) \
	{ \
		struct tshm_here here = TSHM_HERE(name); \
		int result = TSHM_REAL(name)(fd, length); \
\
		if (here.on) \
			tshm_note_size(here, fd, result, result ? errno : 0, (uint64_t)length); \
		return result; \
	}
TSHM_FTRUNCATE(ftruncate, off_t)
TSHM_FTRUNCATE(ftruncate64, off64_t)

#define TSHM_TRUNCATE(name, length_type) \
	TSHM_HOOK(int, name, (const char *path, length_type length)) \
	{ \
		struct tshm_here here = TSHM_HERE(name); \
		int result = TSHM_REAL(name)(path, length); \
\
		if (here.on && (!result || errno != EFAULT) && path[0] == '/') \
			tshm_note_size_of_path(here, path, result ? errno : 0, (uint64_t)length); \
		return result; \
	}
TSHM_TRUNCATE(truncate, off_t)
TSHM_TRUNCATE(truncate64, off64_t)

/* fallocate(2) grows, keeps or shrinks, as its mode says: the kernel is asked. */
#define TSHM_FALLOCATE(name, offset_type) \
	TSHM_HOOK(int, name, (int fd, int mode, offset_type offset, offset_type length)) \
	{ \
		struct tshm_here here = TSHM_HERE(name); \
		int result = TSHM_REAL(name)(fd, mode, offset, length); \
\
		if (here.on) \
			tshm_note_size_now(here, fd, result ? errno : 0); \
		return result; \
	}
TSHM_FALLOCATE(fallocate, off_t)
TSHM_FALLOCATE(fallocate64, off64_t)

/* It returns what others leave in errno. */
#define TSHM_POSIX_FALLOCATE(name, offset_type) \
	TSHM_HOOK(int, name, (int fd, offset_type offset, offset_type length)) \
	{ \
		struct tshm_here here = TSHM_HERE(name); \
		int result = TSHM_REAL(name)(fd, offset, length); \
\
		if (here.on) \
			tshm_note_size_now(here, fd, result); \
		return result; \
	}
TSHM_POSIX_FALLOCATE(posix_fallocate, off_t)
TSHM_POSIX_FALLOCATE(posix_fallocate64, off64_t)
