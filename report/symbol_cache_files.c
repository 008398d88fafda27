/* SPDX-License-Identifier: MIT */
/* The cache's directory and files: whose they are, how they are replaced, how many there may be. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "symbol_cache.h"

#define STALE 3600	/* seconds after which nobody is still writing a new file */

static bool is_ours(int fd, mode_t type)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == type && st.st_uid == geteuid() && !(st.st_mode & 022);
}

int tshm_cache_directory(void)
{
	const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	TSHM_AUTO_FREE char *path = NULL;
	TSHM_AUTO_FD int parent = -1;
	int fd;

	if (base && base[0] == '/')
		path = tshm_xstrdup(base);
	else if (home && home[0] == '/')
		path = tshm_xasprintf("%s/.cache", home);
	else
		return -1;
	mkdir(path, 0700);
	/* With sudo the home may be another's: nothing of ours is to lie there. */
	parent = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (parent < 0 || !is_ours(parent, S_IFDIR))
		return -1;
	mkdirat(parent, "tshm", 0700);
	fd = openat(parent, "tshm", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && !is_ours(fd, S_IFDIR)) {
		close(fd);
		return -1;
	}
	return fd;
}

uint8_t *tshm_cache_read(int directory, const char *name, size_t *size)
{
	TSHM_AUTO_FD int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	uint8_t *bytes;
	size_t have = 0;

	if (fd < 0 || !is_ours(fd, S_IFREG) || fstat(fd, &st) != 0 || st.st_size <= 0 ||
	    (uint64_t)st.st_size > TSHM_CACHE_FILE_MOST)
		return NULL;
	bytes = tshm_xmalloc((size_t)st.st_size);
	while (have < (size_t)st.st_size) {
		ssize_t n = read(fd, bytes + have, (size_t)st.st_size - have);

		if (n <= 0) {
			free(bytes);
			return NULL;
		}
		have += (size_t)n;
	}
	futimens(fd, NULL);	/* used now */
	*size = have;
	return bytes;
}

struct kept {
	char name[256];
	uint64_t size;
	struct timespec used;
};

static int oldest_first(const void *a, const void *b)
{
	const struct kept *x = a, *y = b;

	if (x->used.tv_sec != y->used.tv_sec)
		return x->used.tv_sec < y->used.tv_sec ? -1 : 1;
	return (x->used.tv_nsec > y->used.tv_nsec) - (x->used.tv_nsec < y->used.tv_nsec);
}

static bool ends_in(const char *name, const char *end)
{
	size_t length = strlen(name), of_end = strlen(end);

	return length > of_end && !strcmp(name + length - of_end, end);
}

/* Keep the whole within its bounds; and what a killed report left behind is nobody's. */
static void prune(int directory)
{
	TSHM_AUTO_DIR DIR *dir = fdopendir(openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	TSHM_AUTO_FREE struct kept *list = NULL;
	size_t count = 0, capacity = 0;
	uint64_t whole = 0;
	struct dirent *e;
	struct stat st;

	while (dir && (e = readdir(dir))) {
		if (fstatat(directory, e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		if (ends_in(e->d_name, ".new") && st.st_mtime < time(NULL) - STALE)
			unlinkat(directory, e->d_name, 0);
		if (!ends_in(e->d_name, ".sym"))
			continue;
		TSHM_GROW(list, count, capacity);
		snprintf(list[count].name, sizeof(list[count].name), "%s", e->d_name);
		list[count].size = (uint64_t)st.st_size;
		list[count].used = st.st_mtim;
		whole += list[count++].size;
	}
	if (whole > TSHM_CACHE_MOST)
		qsort(list, count, sizeof(*list), oldest_first);
	for (size_t i = 0; i < count && whole > TSHM_CACHE_MOST; i++) {
		unlinkat(directory, list[i].name, 0);
		whole -= list[i].size;
	}
}

static bool write_all(int fd, const uint8_t *bytes, size_t size)
{
	while (size) {
		ssize_t n = write(fd, bytes, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		bytes += n;
		size -= (size_t)n;
	}
	return true;
}

void tshm_cache_write(int directory, const char *name, const void *bytes, size_t size)
{
	char temporary[32];
	uint64_t word;
	bool written;
	int fd;

	if (getrandom(&word, sizeof(word), 0) != sizeof(word))
		return;
	snprintf(temporary, sizeof(temporary), "%016llx.new", (unsigned long long)word);
	fd = openat(directory, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	written = write_all(fd, bytes, size);
	if (close(fd) != 0 || !written || renameat(directory, temporary, directory, name) != 0)
		unlinkat(directory, temporary, 0);
	prune(directory);
}
