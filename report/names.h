/* SPDX-License-Identifier: MIT */
/* What lies in the name spaces now: the shm mount, SysV segments, message queues.  Looks, never changes. */
#ifndef TSHM_NAMES_H
#define TSHM_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define TSHM_SHM_MOUNT "/dev/shm"
#define TSHM_MQUEUE_MOUNT "/dev/mqueue"

struct tshm_seen {			/* one name, as the kernel has it */
	uint16_t space;			/* enum tshm_space */
	char *name;			/* as in ledgers: a path, "/x" for queues, NULL for SysV */
	int64_t id, key;		/* SysV */
	uint64_t dev, ino, size;
	uint64_t birth_wall;		/* ns; 0: not known */
	uint64_t change_wall;		/* SysV: shm_ctime, to the second; paths: of the inode, ns */
	uint32_t mode;			/* st_mode; SysV: permissions */
	uid_t uid;
	pid_t creator_pid;		/* SysV: the kernel knows it; else 0 */
	uint64_t attached;		/* SysV: attachments; sockets: 1 if one is still bound to the path */
	uint64_t used;			/* SysV: bytes in memory and swap */
};

struct tshm_names {
	struct tshm_seen *sysv;
	size_t sysv_count;
	bool has_sysv;
	char **bound;			/* paths of sockets, from /proc/net/unix; some are relative */
	size_t bound_count;
};

void tshm_names_open(struct tshm_names *);	/* takes what can only be had as a whole */
void tshm_names_sockets(struct tshm_names *);	/* and the paths that sockets are bound to */
void tshm_names_close(struct tshm_names *);

enum tshm_look { TSHM_LOOK_ABSENT, TSHM_LOOK_THERE, TSHM_LOOK_FAILED };

/* What does this name lead to now?  `seen` is filled if THERE; its name is not set. */
enum tshm_look tshm_names_look(const struct tshm_names *, unsigned space, const char *name, int64_t id,
			       struct tshm_seen *seen);
/* All names at the top of the shm mount, all queues and all segments; to be freed by tshm_names_free_list(). */
struct tshm_seen *tshm_names_list(const struct tshm_names *, size_t *count);
void tshm_names_free_list(struct tshm_seen *, size_t count);
bool tshm_names_has_queues(void);		/* is their file system mounted? */
bool tshm_names_is_ledger(const char *path);	/* is it called as our ledgers are? */
/* Is a path in the shm mount closed to others by its directories?  *below: it lies in one below the mount. */
bool tshm_names_is_closed(unsigned space, const char *name, bool *below);

/* How run.json and messages call it: "/dev/shm/x", "mq:/x", "sysv:17".  To be freed. */
char *tshm_names_label(unsigned space, const char *name, int64_t id);

#endif
