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
/* NULL: nothing plain was found, ask dlsym. */
TSHM_INTERNAL void *tshm_next_find(const struct tshm_next *, const char *name);
/* The same in one library, by its handle. */
TSHM_INTERNAL void *tshm_next_in(void *library, const char *name);

/* The tables of one file; false: they cannot be understood. */
TSHM_INTERNAL bool tshm_next_read(struct tshm_next_file *, ElfW(Addr) base, const ElfW(Dyn) *dynamic);
/* A function or an object of it, or NULL. */
TSHM_INTERNAL void *tshm_next_address(const struct tshm_next_file *, const char *name);
TSHM_INTERNAL void *tshm_next_sized(const struct tshm_next_file *, const char *name, uint64_t *size);
TSHM_INTERNAL const void *tshm_next_object(const struct tshm_next_file *, const char *name);
/* All files that are loaded. */
TSHM_INTERNAL void tshm_next_each(void (*each)(ElfW(Addr) base, const ElfW(Dyn) *dynamic));

#endif
