/* SPDX-License-Identifier: MIT */
/*
 * From bytes to records: the trust boundary.
 *
 * A ledger is untrusted input.  Whatever it holds, these functions end, allocate no
 * more than a small multiple of what the file really takes, and leave an image whose
 * numbers can be used: site and module numbers are in range or 0, strings end.
 */
#ifndef TSHM_READER_H
#define TSHM_READER_H

#include "model.h"

enum tshm_read {
	TSHM_READ_OK = 0,	/* *problem may still tell that a part is missing */
	TSHM_READ_EMPTY = 1,	/* made, but its program had written nothing into it */
	TSHM_READ_BAD = -1	/* not a ledger that we can read: *problem says why */
};

/* Fill *out (zeroed here) from a ledger file.  *problem: NULL, or one line naming the file, to be freed. */
enum tshm_read tshm_reader_open(const char *path, struct tshm_image *out, char **problem);
/* The same from bytes in memory, which need not stay. */
enum tshm_read tshm_reader_memory(const void *bytes, size_t size, const char *name,
				  struct tshm_image *out, char **problem);
/* Only the header and the strings that it refers to: enough to join images. */
enum tshm_read tshm_reader_peek(const char *path, struct tshm_image *out, char **problem);
void tshm_reader_close(struct tshm_image *);

/* The history record of that number (r.name, h.link), or NULL. */
struct tshm_past *tshm_reader_past(const struct tshm_image *, uint32_t number);
/* Device and inode of the ledger file itself; 0, 0 from memory. */
void tshm_reader_ident(const struct tshm_image *, uint64_t *dev, uint64_t *ino);

#endif
