/* SPDX-License-Identifier: MIT */
/* What dlsym(RTLD_NEXT, name) would find for this library, for many names at once. */
#ifndef TSHM_NEXT_H
#define TSHM_NEXT_H

#include <link.h>

#include "image.h"

#define TSHM_NEXT_FILES 64

/* The tables of one loaded file that a name is looked up in. */
struct tshm_next_file {
	ElfW(Addr) base;
	const ElfW(Sym) *symbols;
	const char *strings;
	const uint16_t *versions;	/* NULL: it has none */
	const uint32_t *hash;		/* DT_GNU_HASH, or NULL: */
	const uint32_t *old_hash;	/* DT_HASH */
};

struct tshm_next {
	struct tshm_next_file file[TSHM_NEXT_FILES];
	unsigned count;
	bool begun;		/* this library was passed */
	bool plain;		/* all files behind it could be understood */
};

/* The files behind this library in the order of lookup; false: not to be had here, use dlsym. */
TSHM_INTERNAL bool tshm_next_open(struct tshm_next *);
/* NULL: nothing plain was found, ask dlsym; TSHM_NEXT_NONE: dlsym would find nothing either. */
#define TSHM_NEXT_NONE ((void *)-1)
TSHM_INTERNAL void *tshm_next_find(const struct tshm_next *, const char *name);

#endif
