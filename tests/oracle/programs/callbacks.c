/* SPDX-License-Identifier: MIT */
/* Called by libc: comparing, walking, scanning, at exit, before main and after it. */
#define _GNU_SOURCE
#include <dirent.h>
#include <ftw.h>
#include <pthread.h>
#include <search.h>
#include <stdio.h>
#include <string.h>

#include "here.h"

KEEP int compare(const void *a, const void *b);
KEEP int chosen(const struct dirent *entry);
KEEP int walked(const char *path, const struct stat *st, int type);
KEEP void visited(const void *node, VISIT which, int depth);
KEEP void at_end(void);
KEEP void once(void);
KEEP ssize_t wrote(void *cookie, const char *from, size_t size);
__attribute__((constructor)) void early(void);
__attribute__((destructor)) void late(void);

int compare(const void *a, const void *b)
{
	here();
	return *(const int *)a - *(const int *)b;
}

int chosen(const struct dirent *entry)
{
	here();
	return entry->d_name[0] != '.';
}

int walked(const char *path, const struct stat *st, int type)
{
	here();
	return path && st && type == 99;
}

void visited(const void *node, VISIT which, int depth)
{
	here();
	if (!node || (which == leaf && depth > 99))
		here();
}

void once(void)
{
	here();
}

void at_end(void)
{
	here();
}

ssize_t wrote(void *cookie, const char *from, size_t size)
{
	here();
	return cookie == from ? 0 : (ssize_t)size;
}

void early(void)
{
	here();
}

void late(void)
{
	here();
}

int main(void)
{
	static pthread_once_t control = PTHREAD_ONCE_INIT;
	cookie_io_functions_t io = { .write = wrote };
	struct dirent **names;
	int numbers[200], n;
	void *root = NULL;
	FILE *stream;

	for (int i = 0; i < 200; i++)
		numbers[i] = i * 7919 % 200;
	qsort(numbers, 200, sizeof(numbers[0]), compare);
	bsearch(&numbers[77], numbers, 200, sizeof(numbers[0]), compare);
	for (int i = 0; i < 20; i++)
		tsearch(&numbers[i * 7], &root, compare);
	twalk(root, visited);
	n = scandir("/etc/default", &names, chosen, alphasort);
	while (n-- > 0)
		free(names[n]);
	ftw("/etc/default", walked, 4);
	pthread_once(&control, once);
	stream = fopencookie(NULL, "w", io);
	if (stream) {
		fprintf(stream, "%d %s\n", 17, "four");
		fclose(stream);
	}
	atexit(at_end);
	return 0;
}
