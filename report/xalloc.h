/* SPDX-License-Identifier: MIT */
/* Allocators that do not return without memory: they say so and exit(3), "could not judge". */
#ifndef TSHM_XALLOC_H
#define TSHM_XALLOC_H

#include <stdarg.h>
#include <stddef.h>

void *tshm_xmalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *tshm_xcalloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
void *tshm_xreallocarray(void *old, size_t count, size_t size) __attribute__((returns_nonnull));
char *tshm_xstrdup(const char *) __attribute__((malloc, returns_nonnull));
char *tshm_xstrndup(const char *, size_t) __attribute__((malloc, returns_nonnull));
char *tshm_xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2), malloc, returns_nonnull));
char *tshm_xvasprintf(const char *format, va_list) __attribute__((format(printf, 1, 0), malloc, returns_nonnull));

/* Memory that is freed all at once. */
struct tshm_arena { struct tshm_arena_block *blocks; };
void *tshm_arena_alloc(struct tshm_arena *, size_t size) __attribute__((malloc, returns_nonnull));	/* zeroed */
char *tshm_arena_strdup(struct tshm_arena *, const char *) __attribute__((malloc, returns_nonnull));
char *tshm_arena_strndup(struct tshm_arena *, const char *, size_t) __attribute__((malloc, returns_nonnull));
void tshm_arena_free(struct tshm_arena *);

/* A growing array: room for one more, doubling.  `list` and `capacity` are lvalues. */
#define TSHM_GROW(list, count, capacity) \
	do { \
		if ((count) == (capacity)) { \
			(capacity) = (capacity) ? 2 * (capacity) : 16; \
			(list) = tshm_xreallocarray((list), (capacity), sizeof(*(list))); \
		} \
	} while (0)

/* Variables that release what they hold when they go out of scope. */
void tshm_cleanup_free(void *);
void tshm_cleanup_fd(int *);
void tshm_cleanup_file(void *);
void tshm_cleanup_dir(void *);
#define TSHM_AUTO_FREE __attribute__((cleanup(tshm_cleanup_free)))
#define TSHM_AUTO_FD   __attribute__((cleanup(tshm_cleanup_fd)))
#define TSHM_AUTO_FILE __attribute__((cleanup(tshm_cleanup_file)))
#define TSHM_AUTO_DIR  __attribute__((cleanup(tshm_cleanup_dir)))

/* uthash must not abort either. */
#define uthash_malloc(size) tshm_xmalloc(size)

#endif
