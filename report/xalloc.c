/* SPDX-License-Identifier: MIT */
/* Allocators that do not return without memory. */
#include "xalloc.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TSHM_ARENA_LEAST 512u		/* each ledger has an arena; most need little */
#define TSHM_ARENA_MOST  65536u

struct tshm_arena_block {
	struct tshm_arena_block *next;
	size_t used, size;
	_Alignas(16) char data[];
};

static void *checked(void *p)
{
	if (!p) {
		static const char text[] = "tshm: out of memory\n";

		if (write(2, text, sizeof(text) - 1) < 0)
			_exit(3);
		exit(3);
	}
	return p;
}

void *tshm_xmalloc(size_t size)
{
	return checked(malloc(size ? size : 1));
}

void *tshm_xcalloc(size_t count, size_t size)
{
	return checked(calloc(count ? count : 1, size ? size : 1));
}

void *tshm_xreallocarray(void *old, size_t count, size_t size)
{
	return checked(reallocarray(old, count ? count : 1, size ? size : 1));
}

char *tshm_xstrdup(const char *s)
{
	return checked(strdup(s));
}

char *tshm_xstrndup(const char *s, size_t length)
{
	return checked(strndup(s, length));
}

char *tshm_xvasprintf(const char *format, va_list arguments)
{
	char *s;

	if (vasprintf(&s, format, arguments) < 0)
		s = NULL;
	return checked(s);
}

char *tshm_xasprintf(const char *format, ...)
{
	va_list arguments;
	char *s;

	va_start(arguments, format);
	s = tshm_xvasprintf(format, arguments);
	va_end(arguments);
	return s;
}

void *tshm_arena_alloc(struct tshm_arena *arena, size_t size)
{
	struct tshm_arena_block *b = arena->blocks;
	void *p;

	if (size > SIZE_MAX / 2)
		checked(NULL);
	size = (size + 15) & ~(size_t)15;
	if (!b || b->size - b->used < size) {
		size_t block = !b ? TSHM_ARENA_LEAST : b->size < TSHM_ARENA_MOST / 2 ? 2 * b->size : TSHM_ARENA_MOST;
		size_t room = size > block / 4 ? size : block;

		b = checked(calloc(1, sizeof(*b) + room));
		b->size = room;
		/* A block for one big thing goes behind the one that still has room. */
		if (room == size && arena->blocks) {
			b->next = arena->blocks->next;
			arena->blocks->next = b;
		} else {
			b->next = arena->blocks;
			arena->blocks = b;
		}
	}
	p = b->data + b->used;
	b->used += size;
	return p;
}

char *tshm_arena_strndup(struct tshm_arena *arena, const char *s, size_t length)
{
	size_t n = strnlen(s, length);
	char *copy = tshm_arena_alloc(arena, n + 1);

	memcpy(copy, s, n);
	return copy;
}

char *tshm_arena_strdup(struct tshm_arena *arena, const char *s)
{
	return tshm_arena_strndup(arena, s, strlen(s));
}

void tshm_arena_free(struct tshm_arena *arena)
{
	struct tshm_arena_block *next;

	for (struct tshm_arena_block *b = arena->blocks; b; b = next) {
		next = b->next;
		free(b);
	}
	arena->blocks = NULL;
}

void tshm_cleanup_free(void *p)
{
	free(*(void **)p);
}

void tshm_cleanup_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

void tshm_cleanup_file(void *p)
{
	FILE *f = *(FILE **)p;

	if (f)
		fclose(f);
}

void tshm_cleanup_dir(void *p)
{
	DIR *d = *(DIR **)p;

	if (d)
		closedir(d);
}
