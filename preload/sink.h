/* SPDX-License-Identifier: MIT */
/* The ledger file: created, mapped and closed at once; further chunks are mapped without a descriptor. */
#ifndef TSHM_SINK_H
#define TSHM_SINK_H

#include "image.h"

/* Records that a new ledger has from the start. */
struct tshm_piece {
	const void *from;
	uint32_t first, count;	/* record numbers; in one extent of the file */
	uint8_t section;
};

/*
 * Create and map a new ledger in tshm_options.dir.  Returns its header, zeroed but
 * for the section table, or NULL: nothing can be written then.  token gets 32 digits.
 * Pieces that find no room are counted as lost in their section.
 */
TSHM_INTERNAL struct tshm_header *tshm_sink_create(char token[32], const struct tshm_piece *, unsigned pieces);
/*
 * The mapping of `bytes` bytes at `offset` of the file, populated so that a store
 * cannot raise SIGBUS, or NULL.  Several threads may ask for the same: each gets its own.
 */
TSHM_INTERNAL void *tshm_sink_map(uint64_t offset, uint64_t bytes);
TSHM_INTERNAL void tshm_sink_unmap(void *at, uint64_t bytes);

#endif
