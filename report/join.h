/* SPDX-License-Identifier: MIT */
/*
 * How a run is put together, in this order: images are joined, the kernel is asked
 * about them (reconcile.h), objects are made of what they hold and held, and the
 * kernel is asked about names.
 */
#ifndef TSHM_JOIN_H
#define TSHM_JOIN_H

#include "model.h"
#include "xalloc.h"

/* Clocks that are compared are coarse: a tick of theirs, and some. */
#define TSHM_TICK_NS 20000000ull
#define TSHM_BIRTH_TICK_NS 10000000ull

struct tshm_run_own {
	struct tshm_arena arena;
	struct tshm_pid *unobserved;	/* while images are joined: model.c's */
};

/* An image that has no ledger, appended to run->images.  While images are joined. */
struct tshm_image *tshm_model_unobserved(struct tshm_run *, pid_t pid, pid_t ppid, const char *exe);
void tshm_model_append(struct tshm_run *, struct tshm_image *);
/* What tshm_model_join() does in between and last, of joined images.  (tree.c) */
void tshm_tree_sort(struct tshm_run *);		/* by their begins */
void tshm_tree_cut_rings(struct tshm_run *);	/* ledgers can lie about parents */
void tshm_tree_end(struct tshm_run *);		/* how each ended, and the roots, added where nobody saw them */
void tshm_tree_order(struct tshm_run *);	/* parents before children */
/* Join images: exec, parents, children without a ledger, how each ended as far as ledgers tell, order. */
void tshm_model_join(struct tshm_run *);

/* Which images share a kernel: `domain`; and what tells those of several runs apart: `where`.  (parts.c) */
void tshm_parts_tell_apart(struct tshm_run *);
/* What run.json of all parts says, in the whole's fields. */
void tshm_parts_merge(struct tshm_run *);
/* Was it on this machine, since it started? */
bool tshm_part_is_here(const struct tshm_run *whole, const struct tshm_run *part);

/* Objects of what is held (and not dropped) and of history; to be followed by tshm_objects_done(). */
struct tshm_objects;
struct tshm_objects *tshm_objects_make(struct tshm_run *);
/* The object that had this number at that time; made if there is none. */
struct tshm_object *tshm_objects_at(struct tshm_objects *, unsigned domain, bool sysv, uint64_t dev, uint64_t ino,
				    uint64_t mono);
/* Did this NAME record come by rename() or link()?  (RENAMED alone may also say that the name went that way.) */
bool tshm_past_is_renamed(const struct tshm_past *);
void tshm_object_add_past(struct tshm_object *, struct tshm_past *);
void tshm_objects_done(struct tshm_objects *);
/* Joins failed attachments with what had had their names: past->object and ->because.  After names were asked about. */
void tshm_absent_join(struct tshm_run *);
/* Joins CUDA IPC records by their handles: run->handles.  After tshm_model_join(). */
void tshm_handles_join(struct tshm_run *);
/* One line for run->problems; takes the string. */
void tshm_model_problem(struct tshm_run *, char *line);

/* Why a program that was executed wrote no ledger, from a look at its file.  Static text. */
const char *tshm_program_why(const char *program);
/* Was there such a program at all?  (A failed search in PATH leaves a child that never became one.) */
bool tshm_program_exists(const char *program);

#endif
