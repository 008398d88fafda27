/* SPDX-License-Identifier: MIT */
/* Records of history: of names and segments while they last, and of rare events.  Bounded: what has ended makes room. */
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

/* Of their store (store.h). */
#define TSHM_HISTORY_FORM ((struct tshm_store_form){ 3, sizeof(struct tshm_own_history), sizeof(struct tshm_history), \
						     offsetof(struct tshm_own_history, next) })

TSHM_INTERNAL struct tshm_own_history *tshm_history(uint32_t number);
/* A new BUSY record with type, call, thread and times set; 0: no room (counted). */
TSHM_INTERNAL uint32_t tshm_history_new(enum tshm_history_type, enum tshm_call, uint32_t site);
TSHM_INTERNAL void tshm_history_commit(uint32_t number, enum tshm_state);
/*
 * A standing record that is to be changed is taken first, by its stamp: another thread may
 * have overwritten it since it was found.  In the file it stays as it was until the commit.
 */
TSHM_INTERNAL bool tshm_history_take(uint32_t number, uint64_t stamp);
TSHM_INTERNAL void tshm_history_end(uint32_t number);	/* now; to be committed */
TSHM_INTERNAL void tshm_history_ref(uint32_t number);
TSHM_INTERNAL void tshm_history_unref(uint32_t number);
/* The one record of this type at a site (bad closes, lost descriptors): `kept` is where its number is. */
TSHM_INTERNAL struct tshm_history *tshm_history_of_site(_Atomic uint32_t *kept, enum tshm_history_type,
							enum tshm_call, uint32_t site, uint32_t *number);
TSHM_INTERNAL void tshm_history_size(uint32_t number, uint64_t size);
TSHM_INTERNAL void tshm_history_forked(void);
/* Take an ended record of ours of this type for a new one, BUSY, type, call, thread and times set; false: it changed. */
TSHM_INTERNAL bool tshm_history_again(uint32_t number, enum tshm_history_type, enum tshm_call, uint32_t site);

#endif
