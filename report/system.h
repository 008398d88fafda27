/* SPDX-License-Identifier: MIT */
/*
 * What lies in the name spaces now, whose it is, who holds it, and what may go: --system and --reap.
 * No ledger is needed; where there are some they tell who made what.
 */
#ifndef TSHM_SYSTEM_H
#define TSHM_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "naming.h"
#include "reap.h"

enum tshm_item_kind {
	TSHM_ITEM_SEGMENT, TSHM_ITEM_SEMAPHORE, TSHM_ITEM_QUEUE, TSHM_ITEM_SYSV, TSHM_ITEM_DIRECTORY,
	TSHM_ITEM_OTHER,
	TSHM_ITEM_UNNAMED	/* a file whose last name was removed while somebody held it */
};

/* In the order of tables: what can go comes first. */
enum tshm_may_go {
	TSHM_MAY_GO,
	TSHM_MAY_IF_OLD,	/* nobody knows who made it: only with --older */
	TSHM_STAYS_YOUNG,
	TSHM_STAYS_LIVING,	/* who made it lives */
	TSHM_STAYS_HELD,
	TSHM_STAYS_FOREIGN,	/* another user's */
	TSHM_STAYS_ALWAYS	/* a directory, say */
};

enum tshm_known_by { TSHM_BY_NOBODY, TSHM_BY_NAME, TSHM_BY_KERNEL, TSHM_BY_LEDGER };

struct tshm_keeper {
	pid_t pid;
	char *exe;		/* "?" if it may not be known */
	size_t fds, maps;
};

enum tshm_outcome {
	TSHM_OUTCOME_NONE, TSHM_OUTCOME_WOULD, TSHM_OUTCOME_REMOVED, TSHM_OUTCOME_REFUSED, TSHM_OUTCOME_KEPT
};

struct tshm_item {
	enum tshm_item_kind kind;
	char *label;		/* "/dev/shm/x", "mq:/x", "sysv:17"; NULL for what is unnamed */
	const char *base;	/* the last part of it */
	int64_t id, key;	/* SysV */
	uint64_t dev, ino;
	uint64_t size;		/* that it says it has */
	uint64_t used;		/* that it takes */
	uint64_t files;		/* in a directory */
	uint64_t born_wall;	/* ns; 0: not known */
	uint64_t touched_wall;	/* ns: the last that is known of being made, written or changed */
	unsigned mode;
	uid_t uid;
	uint64_t attached;	/* SysV */
	const struct tshm_naming *naming;	/* or NULL */
	pid_t maker;		/* 0: not known */
	char *maker_text;	/* of a ledger: "demo (pid 12, here 40)"; or NULL */
	enum tshm_known_by known_by;
	bool maker_lives;
	struct tshm_keeper *keepers;
	size_t keeper_count;
	enum tshm_may_go verdict;
	char *why;		/* of the verdict, or of the outcome */
	bool matched;		/* by a name that the user gave */
	enum tshm_outcome outcome;
};

struct tshm_items { struct tshm_item *list; size_t count, capacity; };

struct tshm_place {		/* a mount */
	const char *path;
	uint64_t bytes, used, inodes, inodes_used;
};

struct tshm_kernel_limit {
	const char *name;	/* of a sysctl */
	uint64_t most, used;
};

struct tshm_asked {		/* what the user wants */
	bool reap, really;	/* --reap, --reap=yes */
	bool all_users;
	bool has_older;
	double older;		/* seconds */
	char **names;		/* patterns */
	int name_count;
};

struct tshm_system {
	struct tshm_asked asked;
	uint64_t now_wall;
	struct tshm_items items;	/* in the order of tables; only those that were asked for */
	struct tshm_items unnamed;	/* on the mount, the largest first */
	struct tshm_place shm;
	struct tshm_kernel_limit limits[3];
	size_t limit_count;
	const char *problems[4];	/* what could not be looked at */
	size_t problem_count;
	uint64_t hidden;		/* processes that we may not look at */
	uint64_t bytes, may_go, may_go_bytes;
	uint64_t removed, removed_bytes, refused;
};

/* Looks, and judges.  NULL and one line in *error if there was nothing to look at. */
struct tshm_system *tshm_system_look(const struct tshm_asked *, const char **error);
/* Removes what may go, or tells what would be removed; each item gets its outcome. */
void tshm_system_reap(struct tshm_system *);
void tshm_system_free(struct tshm_system *);
/* Is there anything that this NAME means? */
bool tshm_system_has(const struct tshm_system *, const char *name);
/* What the user is called, or NULL. */
const char *tshm_system_user(uid_t);
/* Is so much of it taken that a person should know? */
bool tshm_system_is_near(uint64_t used, uint64_t most);

/* ---- the steps, one file each ---- */

/* inventory.c: names, and in `inside` the files in directories (only dev, ino; id: the place of their directory). */
void tshm_inventory(struct tshm_system *, struct tshm_items *inside);
/* keepers.c: who holds them, by /proc; and what has no name any more. */
void tshm_keepers_find(struct tshm_system *, const struct tshm_items *inside);
/* makers.c: who made them, by name, kernel or ledger, and whether he lives. */
void tshm_makers_find(struct tshm_system *);
/* verdict.c */
#define TSHM_OLDER_DEFAULT 60
void tshm_verdict_give(const struct tshm_system *, struct tshm_item *);
const char *tshm_verdict_name(enum tshm_may_go);	/* as in JSON */

#endif
