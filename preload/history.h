/* SPDX-License-Identifier: MIT */
/* History: names and segments while they last, and rare events.  Bounded: what has ended makes room. */
#ifndef TSHM_HISTORY_H
#define TSHM_HISTORY_H

#include <sys/stat.h>

#include "here.h"
#include "image.h"

struct tshm_own_history {
	struct tshm_history h;
	uint64_t hash;			/* of (space, name), for the index; 0: not in it */
	_Atomic uint32_t refs;		/* live resources that refer to it: it must not be overwritten */
	uint32_t epoch;			/* of the image that it belongs to: an older one's is free to be overwritten */
	uint32_t next;
	uint32_t keeps;			/* a renamed name: the record of its object's maker, which must stay as long as it */
};

TSHM_INTERNAL struct tshm_own_history *tshm_history(uint32_t number);
/* A new BUSY record with type, call, thread and times set; 0: no room (counted). */
TSHM_INTERNAL uint32_t tshm_history_new(enum tshm_history_type, enum tshm_call, uint32_t site);
TSHM_INTERNAL void tshm_history_commit(uint32_t number, enum tshm_state);
TSHM_INTERNAL void tshm_history_ref(uint32_t number);
TSHM_INTERNAL void tshm_history_unref(uint32_t number);
/* The one record of this type at a site (bad closes, lost descriptors): `kept` is where its number is. */
TSHM_INTERNAL struct tshm_history *tshm_history_of_site(_Atomic uint32_t *kept, enum tshm_history_type,
							enum tshm_call, uint32_t site, uint32_t *number);
TSHM_INTERNAL void tshm_history_size(uint32_t number, uint64_t size);
TSHM_INTERNAL void tshm_history_forked(void);
/* Take an ended record of ours of this type for a new one, BUSY, type, call, thread and times set; false: it changed. */
TSHM_INTERNAL bool tshm_history_again(uint32_t number, enum tshm_history_type, enum tshm_call, uint32_t site);

TSHM_INTERNAL bool tshm_history_is_shm(uint64_t dev);	/* is it the device of /dev/shm? */
TSHM_INTERNAL bool tshm_path_is_shm(const char *path);	/* by its first characters */
/* An absolute path, where `path` begins at `directory`; false: it cannot be had. */
TSHM_INTERNAL bool tshm_path_whole(char full[TSHM_NAME_MAX], int directory, const char *path);

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
/* The name is there after all: whoever asked for it in vain waited for it. */
TSHM_INTERNAL void tshm_attach_worked(enum tshm_space, const char *name, int64_t id, int64_t ipc_key);

#endif
