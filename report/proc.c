/* SPDX-License-Identifier: MIT */
/* What /proc tells of a process. */
#include "proc.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "xalloc.h"

#define PROC_TEXT_MAX (256u << 20)

/* The whole of a /proc file; its size is not known before. */
static int read_all(const char *path, char **text)
{
	TSHM_AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t size = 0, room = 16384;
	char *s;

	if (fd < 0)
		return -errno;
	s = tshm_xmalloc(room);
	for (;;) {
		ssize_t n = read(fd, s + size, room - size - 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && !size) {
			n = -errno;
			free(s);
			return (int)n;
		}
		if (n <= 0 || size > PROC_TEXT_MAX)
			break;
		size += (size_t)n;
		if (room - size < 4096) {
			room *= 2;
			s = tshm_xreallocarray(s, room, 1);
		}
	}
	s[size] = 0;
	*text = s;
	return 0;
}

/* start-end rwxs offset major:minor inode   path */
static bool parse_map(char *line, struct tshm_map *m)
{
	char *at = line;

	m->start = strtoull(at, &at, 16);
	if (*at++ != '-')
		return false;
	m->end = strtoull(at, &at, 16);
	if (*at++ != ' ' || strnlen(at, 5) < 5 || at[3] != 's')
		return false;
	m->offset = strtoull(at + 5, &at, 16);
	{
		unsigned long major = strtoul(at, &at, 16), minor;

		if (*at++ != ':')
			return false;
		minor = strtoul(at, &at, 16);
		m->dev = makedev(major, minor);
	}
	m->ino = strtoull(at, &at, 10);
	m->path = at + strspn(at, " ");
	m->explained = false;
	return true;
}

int tshm_proc_maps(pid_t pid, struct tshm_maps *maps)
{
	char path[64];
	size_t capacity = 0;
	int error;

	memset(maps, 0, sizeof(*maps));
	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	error = read_all(path, &maps->text);
	if (error)
		return error;
	for (char *line = maps->text, *end; line && *line; line = end) {
		struct tshm_map m;

		end = strchr(line, '\n');
		if (end)
			*end++ = 0;
		if (!parse_map(line, &m))
			continue;
		TSHM_GROW(maps->list, maps->count, capacity);
		maps->list[maps->count++] = m;
	}
	return 0;
}

void tshm_proc_maps_free(struct tshm_maps *maps)
{
	free(maps->list);
	free(maps->text);
	memset(maps, 0, sizeof(*maps));
}

static int fd_order(const void *a, const void *b)
{
	return ((const struct tshm_fd *)a)->fd - ((const struct tshm_fd *)b)->fd;
}

int tshm_proc_fds(pid_t pid, struct tshm_fds *fds)
{
	TSHM_AUTO_DIR DIR *d = NULL;
	const struct dirent *e;
	size_t capacity = 0;
	char path[64];

	memset(fds, 0, sizeof(*fds));
	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	d = opendir(path);
	if (!d)
		return -errno;
	while ((e = readdir(d))) {
		struct tshm_fd f = { 0 };
		struct stat st;

		if (!isdigit((unsigned char)e->d_name[0]) || fstatat(dirfd(d), e->d_name, &st, 0))
			continue;
		f.fd = atoi(e->d_name);
		f.mode = st.st_mode;
		f.dev = st.st_dev;
		f.ino = st.st_ino;
		f.size = (uint64_t)st.st_size;
		TSHM_GROW(fds->list, fds->count, capacity);
		fds->list[fds->count++] = f;
	}
	if (fds->count)
		qsort(fds->list, fds->count, sizeof(*fds->list), fd_order);
	return 0;
}

void tshm_proc_fds_free(struct tshm_fds *fds)
{
	free(fds->list);
	memset(fds, 0, sizeof(*fds));
}

struct tshm_fd *tshm_proc_fd(const struct tshm_fds *fds, uint64_t fd)
{
	struct tshm_fd key = { .fd = (int)fd };

	if (fd > INT32_MAX || !fds->count)
		return NULL;
	return bsearch(&key, fds->list, fds->count, sizeof(*fds->list), fd_order);
}

struct tshm_map *tshm_proc_map(const struct tshm_maps *maps, uint64_t start, uint64_t end)
{
	size_t low = 0, high = maps->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (maps->list[middle].end <= start)
			low = middle + 1;
		else
			high = middle;
	}
	return low < maps->count && maps->list[low].start < end ? &maps->list[low] : NULL;
}

int tshm_proc_text(pid_t pid, const char *name, char **text)
{
	TSHM_AUTO_FREE char *path = tshm_xasprintf("/proc/%d/%s", (int)pid, name);

	return read_all(path, text);
}

int tshm_proc_stat(pid_t pid, pid_t tid, struct tshm_stat *to)
{
	TSHM_AUTO_FREE char *name = tid ? tshm_xasprintf("task/%d/stat", (int)tid) : tshm_xstrdup("stat");
	TSHM_AUTO_FREE char *text = NULL;
	int error = tshm_proc_text(pid, name, &text);
	char *at;

	if (error)
		return error;
	at = strrchr(text, ')');	/* the name before may have any character */
	if (!at || sscanf(at, ") %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %" SCNu64,
			  &to->state, &to->start) != 2)
		return -ENOENT;
	return 0;
}

char *tshm_proc_link(pid_t pid, const char *name)
{
	char path[96], target[4097];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return NULL;
	target[n] = 0;
	return tshm_xstrdup(target);
}

pid_t *tshm_proc_list(size_t *count)
{
	TSHM_AUTO_DIR DIR *d = opendir("/proc");
	const struct dirent *e;
	pid_t *list = NULL;
	size_t capacity = 0;

	*count = 0;
	while (d && (e = readdir(d)))
		if (isdigit((unsigned char)e->d_name[0])) {
			TSHM_GROW(list, *count, capacity);
			list[(*count)++] = atoi(e->d_name);
		}
	return list;
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

const struct tshm_here *tshm_proc_here(void)
{
	static struct tshm_here here;
	struct utsname name;
	struct stat st;
	char *text;

	if (here.boot_wall)
		return &here;
	if (!read_all("/proc/sys/kernel/random/boot_id", &text)) {
		snprintf(here.boot_id, sizeof(here.boot_id), "%.*s", (int)strcspn(text, "\n"), text);
		free(text);
	}
	if (!uname(&name))
		snprintf(here.host, sizeof(here.host), "%.64s", name.nodename);
	if (!stat("/proc/self/ns/pid", &st))
		here.pidns = st.st_ino;
	if (!stat("/dev/shm", &st))
		here.shm_dev = st.st_dev;
	here.boot_wall = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_BOOTTIME);
	return &here;
}

/* The last number of the line "NSpid:	1234	17": its pid in its own namespace. */
static pid_t innermost_pid(pid_t pid)
{
	char path[64], *text, *line, *end;
	long number = 0;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	if (read_all(path, &text))
		return 0;
	line = strstr(text, "\nNSpid:");
	if (line) {
		for (line += 7; *line == '\t'; line = end)
			number = strtol(line + 1, &end, 10);
	}
	free(text);
	return (pid_t)number;
}

struct translation { pid_t here, there; uint64_t pidns; };

pid_t tshm_proc_translate(uint64_t pidns, pid_t pid)
{
	static struct translation *table;	/* made once: processes that come later are not asked for */
	static size_t count;
	static bool made;

	if (!made) {
		size_t n;
		TSHM_AUTO_FREE pid_t *list = tshm_proc_list(&n);

		made = true;
		table = tshm_xcalloc(n + 1, sizeof(*table));
		for (size_t i = 0; i < n; i++) {
			char path[64];
			struct stat st;

			snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int)list[i]);
			if (stat(path, &st) || st.st_ino == tshm_proc_here()->pidns)
				continue;
			table[count++] = (struct translation){ list[i], innermost_pid(list[i]), st.st_ino };
		}
	}
	for (size_t i = 0; i < count; i++)
		if (table[i].pidns == pidns && table[i].there == pid)
			return table[i].here;
	return 0;
}
