/* SPDX-License-Identifier: MIT */
/* Records of the section TSHM_SEC_IPC on their way from bytes: part of the trust boundary. */
#include "reader_parts.h"

#include <string.h>

static bool has_interval(uint16_t role)
{
	return role >= TSHM_IPC_EXPORT && role <= TSHM_IPC_EVENT_IMPORT;
}

bool tshm_reader_ipc(struct tshm_ripc *to, struct tshm_image *im, const uint8_t *bytes)
{
	struct tshm_ipc *r = &to->r;

	memset(to, 0, sizeof(*to));
	memcpy(r, bytes, sizeof(*r));
	to->image = im;
	if (r->role < TSHM_IPC_EXPORT || r->role > TSHM_IPC_AFTER_FORK)
		return false;
	if (!has_interval(r->role) && !r->count)
		r->count = 1;		/* a record of an event says that it happened */
	/* What has not ended has no end; what has did not do so before it began. */
	if (TSHM_STAMP_STATE(r->stamp) == TSHM_STATE_LIVE) {
		r->end_mono = r->end_wall = 0;
		r->end_site = r->end_tid = r->end_call = 0;
		r->flags &= ~TSHM_IPCF_RESET;
	} else if (r->end_mono < r->begin_mono) {
		r->end_mono = r->begin_mono;
	}
	if (r->released > r->count)
		r->released = r->count;
	/* An offset that leads out of its allocation tells nothing. */
	if (r->flags & TSHM_IPCF_INTERIOR &&
	    (!r->base || r->pointer <= r->base || (r->size && r->pointer - r->base >= r->size)))
		r->flags &= ~TSHM_IPCF_INTERIOR;
	return true;
}
