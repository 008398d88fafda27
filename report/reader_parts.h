/* SPDX-License-Identifier: MIT */
/* What reader.c, reader_records.c, reader_image.c and reader_ipc.c share.  Nobody else includes it. */
#ifndef TSHM_READER_PARTS_H
#define TSHM_READER_PARTS_H

#include "reader.h"
#include "xalloc.h"

#define RECORDS_MAX (1u << 26)

struct tshm_source {
	const char *path;
	int fd;				/* -1: all bytes are in head */
	const uint8_t *head;		/* the file's first head_size bytes */
	const uint8_t *again;		/* the same, read once more; NULL if nobody may be writing */
	size_t head_size;
	uint64_t size;			/* of the file */
	uint64_t real;			/* bytes that it takes: the measure for allocations */
};

/* What reader.c keeps with an image. */
struct tshm_reader {
	char *path;
	uint64_t dev, ino;
	char *strings;			/* units of the arena, by number */
	uint64_t strings_size;
	uint32_t *past_numbers;		/* of image->past, rising */
	struct tshm_arena arena;
};

struct tshm_gather {				/* one section on its way into the image */
	struct tshm_source *src;
	struct tshm_image *image;
	const struct tshm_section *section;
	enum tshm_section_id id;
	size_t capacity;		/* of the array that grows */
	uint64_t taken;			/* records that stood in the file */
};

/* Records `number` and on into the image.  `again`: the same bytes read later, or NULL.  false: they cannot be kept. */
bool tshm_reader_take(struct tshm_gather *, uint32_t number, const uint8_t *bytes, const uint8_t *again, size_t count);
/* A record of TSHM_SEC_IPC, made fit to be used but for its site numbers; false: it is none. */
bool tshm_reader_ipc(struct tshm_ripc *to, struct tshm_image *, const uint8_t *bytes);
/* image->string of what was read */
const char *tshm_reader_string(const struct tshm_image *, uint32_t number, uint32_t *length);
/* When all sections are here: strings are put in their places, and numbers that point nowhere become 0. */
void tshm_reader_finish(struct tshm_image *);

#endif
