/* SPDX-License-Identifier: MIT */
/* Descriptors that came and went over sockets, in total by (object, socket, direction). */
#ifndef TSHM_TRANSFER_H
#define TSHM_TRANSFER_H

#include "image.h"

enum tshm_direction { TSHM_SENT = 1, TSHM_RECEIVED = 2, TSHM_FETCHED = 3 };

struct tshm_passed {		/* one descriptor on its way */
	uint64_t dev, ino;
	enum tshm_kind kind;
};

/* The other end, as this side knows it. */
struct tshm_peer {
	uint64_t socket_dev, socket_ino;
	int32_t pid;
};

TSHM_INTERNAL void tshm_transfer_note(enum tshm_direction, enum tshm_call, const struct tshm_passed *,
				      const struct tshm_peer *, uint32_t site);
TSHM_INTERNAL void tshm_transfers_forked(void);

#endif
