/* SPDX-License-Identifier: MIT */
/* Names of shared memory, and nameless segments: who made them, what they stand for, who removed them. */
#ifndef TSHM_NAME_H
#define TSHM_NAME_H

#include "history.h"

/*
 * Names outlive processes, so a name is written before the call that makes it:
 * intent, then confirm or withdraw.  flags of an intent: EXCLUSIVE, or MAYBE.
 */
TSHM_INTERNAL uint32_t tshm_name_intent(enum tshm_space, enum tshm_call, const char *name, int64_t ipc_key,
					uint32_t flags, uint32_t site);
/* flags: EXCLUSIVE, MAYBE, RENAMED, LINKED.  Returns the record that now stands for the name. */
TSHM_INTERNAL uint32_t tshm_name_confirm(uint32_t number, uint32_t flags, const struct stat *, int64_t id);
/* Say of an intent which object will get the name (rename, link). */
TSHM_INTERNAL void tshm_name_identify(uint32_t number, const struct stat *);
TSHM_INTERNAL void tshm_name_withdraw(uint32_t number);
extern TSHM_INTERNAL bool tshm_any_bound;	/* did this process ever bind a socket to a path? (hook_bind.c) */
/*
 * Has somebody else removed the name since?  Then its interval has ended.  An intent is
 * its maker's until the call has been made: that there is no such name says nothing yet.
 */
TSHM_INTERNAL bool tshm_name_is_gone(const struct tshm_history *);
TSHM_INTERNAL void tshm_name_put(struct tshm_history *, const char *name);	/* a longer one loses its end */
TSHM_INTERNAL bool tshm_name_is(const struct tshm_history *, const char *name);	/* it may be overwritten meanwhile */
TSHM_INTERNAL void tshm_name_unindex(uint32_t number);	/* it is not found any more */
/* The live record of a name, or 0. */
TSHM_INTERNAL uint32_t tshm_name_find(enum tshm_space, const char *name, int64_t id);

/* What is known of a name that is about to be removed: asked before the call. */
struct tshm_removal {
	enum tshm_space space;
	const char *name;
	int64_t id;
	uint32_t number;	/* our record of it, or 0 */
	uint64_t stamp;		/* of that record */
	bool has_ident;
	uint64_t dev, ino, size;
	uint64_t before;	/* the time before the call, if it becomes a record of its own */
};
TSHM_INTERNAL void tshm_removal_look(struct tshm_removal *, enum tshm_space, const char *name, int64_t id);
/* Keep its record until tshm_history_unref(number); false: there is none. */
TSHM_INTERNAL bool tshm_removal_keep(const struct tshm_removal *);
/* The name `number` was made of `from`, which was kept for it: its maker's record stays as long as `number`. */
TSHM_INTERNAL void tshm_name_keeps(uint32_t number, uint32_t from);
/* The call succeeded.  Returns the record that tells so, for `link`. */
TSHM_INTERNAL uint32_t tshm_removal_done(const struct tshm_removal *, struct tshm_here, uint32_t flags);

/* The call failed because the name is not there any more: somebody else removed it. */
TSHM_INTERNAL void tshm_removal_vain(const struct tshm_removal *, struct tshm_here);

/* A nameless segment of our making (memfd, O_TMPFILE). */
TSHM_INTERNAL uint32_t tshm_segment_new(enum tshm_call, const char *name, const struct stat *, uint32_t site);

/*
 * attach.c: names that were asked for and were not there.  `name` is NULL for SysV: `id`, or
 * `ipc_key` with an id of -1.  before: the time before the call.
 */
TSHM_INTERNAL void tshm_attach_failed(struct tshm_here, enum tshm_space, const char *name, int64_t id,
				      int64_t ipc_key, int error, uint64_t before);
TSHM_INTERNAL extern _Atomic uint32_t tshm_missed;	/* how many records of that were begun */
/* The name is there after all: whoever asked for it in vain waited for it. */
TSHM_INTERNAL void tshm_attach_worked(enum tshm_space, const char *name, int64_t id, int64_t ipc_key);

#endif
