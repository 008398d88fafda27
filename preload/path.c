/* SPDX-License-Identifier: MIT */
/* Paths as they are from the root, without a look at what lies on the way. */
#include <fcntl.h>
#include <sys/stat.h>

#include "bytes.h"
#include "path.h"
#include "sys.h"

bool tshm_path_whole(char full[TSHM_NAME_MAX], int directory, const char *path)
{
	char proc[40];
	size_t at;
	long n;

	if (!path || !path[0])
		return false;
	if (path[0] == '/') {
		tshm_copy(full, path, TSHM_NAME_MAX);
		return true;
	}
	if (directory == AT_FDCWD) {
		n = TSHM_SYS4(SYS_readlinkat, AT_FDCWD, "/proc/self/cwd", full, TSHM_NAME_MAX - 2);
	} else {
		at = tshm_append(proc, 0, "/proc/self/fd/", sizeof(proc));
		tshm_append_number(proc, at, (uint64_t)directory, sizeof(proc));
		n = TSHM_SYS4(SYS_readlinkat, AT_FDCWD, proc, full, TSHM_NAME_MAX - 2);
	}
	if (n <= 0)
		return false;
	full[n++] = '/';
	full[n] = 0;
	while (path[0] == '.' && path[1] == '/')
		path += 2;
	tshm_append(full, (size_t)n, path, TSHM_NAME_MAX);
	return true;
}

bool tshm_device_is_shm(uint64_t dev)
{
	struct stat st;

	if (!tshm_header->shm_dev && TSHM_SYS4(SYS_newfstatat, AT_FDCWD, "/dev/shm", &st, 0) == 0)
		tshm_header->shm_dev = st.st_dev;
	return tshm_header->shm_dev == dev && dev;
}

bool tshm_path_is_shm(const char *path)
{
	return path && path[0] == '/' && (tshm_starts(path, "/dev/shm/") || tshm_starts(path, "/run/shm/"));
}
