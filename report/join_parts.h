/* SPDX-License-Identifier: MIT */
/* What model.c, kin.c and children.c share.  Nobody else includes it. */
#ifndef TSHM_JOIN_PARTS_H
#define TSHM_JOIN_PARTS_H

#include "join.h"
#include <uthash.h>	/* after xalloc.h, which says how it allocates */

struct process_key {
	char boot_id[40];
	uint64_t pidns;
	int64_t pid;
};

struct process {			/* a pid; its images by start time, whoever had the pid */
	struct process_key key;
	struct tshm_image **images;
	size_t count, capacity;
	uint64_t *ends;			/* when those that had it were collected, as far as somebody noted it; sorted */
	size_t end_count, end_capacity;
	UT_hash_handle hh;
};

struct join {
	struct tshm_run *run;
	struct process *processes;
	struct token *tokens;	/* by the images' tokens; model.c's */
	const char *boot_id;		/* stands in where a ledger does not know its own */
	uint64_t pidns;
	struct tshm_image **inner;	/* whose parents are outside of their pid namespaces; by parent and time */
	size_t inner_count, inner_capacity;
};

/* The number as that image has it: of its boot and pid namespace.  NULL: no image had it. */
struct process *tshm_join_process(const struct join *, const struct tshm_image *near, pid_t);
void tshm_join_add(struct join *, struct tshm_image *);
/* Whose ledger the image's names as its parent's: of what fork made.  NULL: none, or it is not there. */
struct tshm_image *tshm_parent_by_token(const struct join *, const struct tshm_image *);
/* Was one that had the number collected then?  What had it before is not what has it afterwards. */
bool tshm_ended_between(const struct process *, uint64_t after, uint64_t before);
/*
 * Of two runs in one report, one that was over before the other's image began: what had its number there is another
 * process.  Containers have the same small numbers each time, and may get the same namespace number, too.
 */
bool tshm_over_before(const struct tshm_image *, const struct tshm_image *);

/* kin.c, in this order; children come before what is not noted, of which their records tell. */
void tshm_join_exec(struct join *);
void tshm_add_unseen_exec(struct join *);
void tshm_join_parents(struct join *);
void tshm_join_children(struct join *);		/* children.c */
void tshm_join_unnoted_exec(struct join *);
void tshm_join_parents_unseen(struct join *);
void tshm_join_orphans(struct join *);

#endif
