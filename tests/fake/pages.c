/* SPDX-License-Identifier: MIT */
/*
 * Files and mappings of the double.  The real driver talks to the kernel by ioctl, which an auditor
 * of libc calls does not see; so none of these goes through libc.
 */
#include <fcntl.h>
#include <linux/mman.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "../../preload/sys.h"
#include "driver.h"

int fake_pid(void)
{
	return (int)TSHM_SYS0(SYS_getpid);
}

void fake_path(char path[FAKE_PATH], const char *type, const struct fake_who *who, uint64_t number)
{
	snprintf(path, FAKE_PATH, "%s/%s-%d-%llu-%llu", fake_dir, type, who->pid, (unsigned long long)who->start,
		 (unsigned long long)number);
}

static int open_path(const char *path, int flags)
{
	return (int)TSHM_SYS4(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, 0600);
}

static void close_fd(int fd)
{
	(void)TSHM_SYS1(SYS_close, fd);
}

int fake_open(const char *path)
{
	return open_path(path, O_RDWR);
}

int fake_exists(const char *path)
{
	return TSHM_SYS4(SYS_faccessat, AT_FDCWD, path, 0, 0) == 0;
}

int fake_touch(const char *path)
{
	int fd = open_path(path, O_RDWR | O_CREAT);

	if (fd < 0)
		return -1;
	close_fd(fd);
	return 0;
}

void fake_append(const char *path, const char *text, size_t size)
{
	int fd = open_path(path, O_WRONLY | O_CREAT | O_APPEND);

	if (fd < 0)
		return;
	(void)TSHM_SYS3(SYS_write, fd, text, size);
	close_fd(fd);
}

void fake_remove(const char *path)
{
	(void)TSHM_SYS3(SYS_unlinkat, AT_FDCWD, path, 0);
}

long fake_read(const char *path, char *text, size_t size)
{
	int fd = open_path(path, O_RDONLY);
	long got;

	if (fd < 0)
		return -1;
	got = TSHM_SYS3(SYS_read, fd, text, size - 1);
	close_fd(fd);
	text[got < 0 ? 0 : got] = 0;
	return got;
}

int fake_path_of(int fd, char path[FAKE_PATH])
{
	char link[64];
	long length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = TSHM_SYS4(SYS_readlinkat, AT_FDCWD, link, path, FAKE_PATH - 1);
	if (length < 0)
		return -1;
	path[length] = 0;
	return 0;
}

static void *map(size_t size, int protection, int flags, int fd)
{
	long at = TSHM_SYS6(SYS_mmap, NULL, size, protection, flags, fd, 0);

	return tshm_sys_failed(at) ? NULL : (void *)at;
}

void *fake_map_fd(int fd, size_t *size)
{
	long end = TSHM_SYS3(SYS_lseek, fd, 0, SEEK_END);

	if (end <= 0)
		return NULL;
	*size = (size_t)end;
	return map(*size, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
}

void *fake_map_file(const char *path, size_t *size)
{
	int fd = open_path(path, *size ? O_RDWR | O_CREAT | O_EXCL : O_RDWR);
	void *at = NULL;

	if (fd < 0)
		return NULL;
	if (!*size || TSHM_SYS2(SYS_ftruncate, fd, *size) == 0)
		at = fake_map_fd(fd, size);
	close_fd(fd);
	return at;
}

void *fake_map_nothing(size_t size)
{
	return map(size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
}

int fake_map_again(void *to, void *from, size_t size)
{
	/* An old size of 0 makes a second mapping of the same shared pages. */
	return tshm_sys_failed(TSHM_SYS5(SYS_mremap, from, 0, size, MREMAP_MAYMOVE | MREMAP_FIXED, to)) ? -1 : 0;
}

int fake_reserve(void *at, size_t size)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;

	return tshm_sys_failed(TSHM_SYS6(SYS_mmap, at, size, PROT_NONE, flags, -1, 0)) ? -1 : 0;
}

void fake_unmap(void *at, size_t size)
{
	(void)TSHM_SYS2(SYS_munmap, at, size);
}
