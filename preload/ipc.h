/* SPDX-License-Identifier: MIT */
/*
 * Records of CUDA IPC: exported and opened handles, interprocess events, faults.
 *
 * Found by a number that is the process's own (what was exported, where it was opened, the
 * event; for faults the site) and by the handle.  What has ended is found no more, and is
 * overwritten by newer records when there are many.
 */
#ifndef TSHM_IPC_H
#define TSHM_IPC_H

#include "image.h"

struct tshm_own_ipc {
	struct tshm_ipc r;
	uint64_t key_hash, handle_hash;	/* 0: not found by it */
	uint32_t epoch;			/* of the image that it belongs to */
	_Atomic uint32_t next;
};

TSHM_INTERNAL struct tshm_own_ipc *tshm_ipc(uint32_t number);
/* A BUSY record of one's own, its begin, thread and context filled in; 0: no room (counted). */
TSHM_INTERNAL uint32_t tshm_ipc_new(enum tshm_ipc_role, enum tshm_call, uint32_t site);
/* Write it to the file and let it be found: by key, if that is not 0, and by its handle, if it has one. */
TSHM_INTERNAL void tshm_ipc_publish(uint32_t number, uint64_t key, enum tshm_state);
TSHM_INTERNAL void tshm_ipc_refresh(uint32_t number);	/* write what has changed */
/* It ended at `now`, by the call `here`; flags are added. */
TSHM_INTERNAL void tshm_ipc_end(uint32_t number, enum tshm_call, uint32_t site, uint64_t now, uint32_t flags);

/*
 * The next record of this image with the role and key, or 0 (walk: 0 at first); only LIVE
 * ones, but faults, which have no duration.
 */
TSHM_INTERNAL uint32_t tshm_ipc_find(enum tshm_ipc_role, uint64_t key, unsigned *walk);
TSHM_INTERNAL uint32_t tshm_ipc_find_handle(enum tshm_ipc_role, const void *handle, unsigned *walk);
/* End all LIVE ones of a context. */
TSHM_INTERNAL void tshm_ipc_end_context(uint64_t context, enum tshm_call, uint32_t site);

#endif
