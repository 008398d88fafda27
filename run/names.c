/* SPDX-License-Identifier: MIT */
/*
 * Which names are there before the command starts, so that the report can tell
 * what appeared.  Labels are those of tshm_names_label() in report/names.c.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "run.h"

#define SHM_MOUNT "/dev/shm"
#define MQUEUE_MOUNT "/dev/mqueue"
#define MQUEUE_MAGIC 0x19800202

static void add(json_t *to, char *label)
{
	json_array_append_new(to, tshm_runfile_string(label));
	free(label);
}

/* prefix stands for path in labels.  depth: how many levels of folders to look into. */
static void add_files(json_t *to, const char *path, const char *prefix, int depth)
{
	DIR *d = opendir(path);
	const struct dirent *e;
	struct stat st;

	while (d && (e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		if (S_ISREG(st.st_mode)) {
			add(to, tshm_text("%s/%s", prefix, e->d_name));
		} else if (S_ISDIR(st.st_mode) && depth > 0 && strncmp(e->d_name, "tshm-", 5) != 0) {
			char *inner = tshm_text("%s/%s", path, e->d_name);
			char *label = tshm_text("%s/%s", prefix, e->d_name);

			add_files(to, inner, label, depth - 1);
			free(inner);
			free(label);
		}
	}
	if (d)
		closedir(d);
}

/* key shmid perms ... */
static void add_sysv(json_t *to)
{
	FILE *f = fopen("/proc/sysvipc/shm", "re");
	char *line = NULL;
	size_t room = 0;
	long key, id;

	while (f && getline(&line, &room, f) > 0)
		if (sscanf(line, "%ld %ld", &key, &id) == 2)
			add(to, tshm_text("sysv:%ld", id));
	free(line);
	if (f)
		fclose(f);
}

json_t *tshm_names_now(void)
{
	json_t *names = json_array();
	struct statfs fs;

	add_files(names, SHM_MOUNT, SHM_MOUNT, 1);
	if (statfs(MQUEUE_MOUNT, &fs) == 0 && fs.f_type == MQUEUE_MAGIC)
		add_files(names, MQUEUE_MOUNT, "mq:", 0);
	add_sysv(names);
	return names;
}
