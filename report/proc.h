/* SPDX-License-Identifier: MIT */
/* What /proc tells of a process: descriptors and shared mappings.  Looks only. */
#ifndef TSHM_PROC_H
#define TSHM_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct tshm_map {			/* one shared mapping */
	uint64_t start, end, offset;
	uint64_t dev, ino;
	const char *path;		/* as the kernel writes it; in the maps' own memory */
	bool explained;			/* for the caller */
};

struct tshm_maps {
	struct tshm_map *list;		/* by address */
	size_t count;
	char *text;
};

struct tshm_fd {
	int fd;
	uint32_t mode;
	uint64_t dev, ino, size;
	bool explained;
};

struct tshm_fds {
	struct tshm_fd *list;		/* by number */
	size_t count;
};

/* Both return 0, or -errno: -ESRCH or -ENOENT if there is no such process, -EACCES if we may not look. */
int tshm_proc_maps(pid_t pid, struct tshm_maps *);
void tshm_proc_maps_free(struct tshm_maps *);
int tshm_proc_fds(pid_t pid, struct tshm_fds *);
void tshm_proc_fds_free(struct tshm_fds *);

struct tshm_fd *tshm_proc_fd(const struct tshm_fds *, uint64_t fd);
/* The first shared mapping that overlaps [start, end), or NULL. */
struct tshm_map *tshm_proc_map(const struct tshm_maps *, uint64_t start, uint64_t end);

struct tshm_stat {
	char state;			/* 'R', 'S', 'D', 'T', 't', 'Z', … */
	uint64_t start;			/* clock ticks from the boot on */
};
/* Of a process, or of its thread if tid is not 0.  0 or -errno. */
int tshm_proc_stat(pid_t pid, pid_t tid, struct tshm_stat *);
/* The text of /proc/PID/NAME, to be freed.  0 or -errno. */
int tshm_proc_text(pid_t pid, const char *name, char **text);
/* Target of /proc/PID/NAME, or NULL; to be freed. */
char *tshm_proc_link(pid_t pid, const char *name);
/* All processes; to be freed. */
pid_t *tshm_proc_list(size_t *count);

struct tshm_here {			/* where we are: what a ledger must match to be asked about */
	char boot_id[40];
	char host[65];
	uint64_t pidns;
	uint64_t boot_wall;		/* ns: when this kernel started */
	uint64_t shm_dev;
};
const struct tshm_here *tshm_proc_here(void);
/* The pid here of a process that has `pid` in another pid namespace, or 0. */
pid_t tshm_proc_translate(uint64_t pidns, pid_t pid);

#endif
