/* SPDX-License-Identifier: MIT */
/* A program that defines functions of libc itself, and forwards to the next by dlsym, as its tests do. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static unsigned mallocs, opens, depth, deepest;

void *malloc(size_t size)
{
	static void *(*real)(size_t);
	void *block;

	if (++depth > deepest)
		deepest = depth;
	if (!real)
		real = (void *(*)(size_t))dlsym(RTLD_NEXT, "malloc");
	mallocs++;
	block = real(size);
	depth--;
	return block;
}

int open(const char *path, int flags, ...)
{
	static int (*real)(const char *, int, ...);

	if (!real)
		real = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
	opens++;
	return real(path, flags, 0600);
}

int main(void)
{
	unsigned before = mallocs;
	void *volatile block = malloc(10);
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	free(block);
	if (fd < 0 || close(fd) != 0)
		return 1;
	printf("%u, %u, %u deep\n", mallocs - before, opens, deepest);
	printf("cuInit: %s\n", dlsym(RTLD_NEXT, "cuInit") ? "found" : "none");
	return 0;
}
