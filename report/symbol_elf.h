/* SPDX-License-Identifier: MIT */
/* One ELF file, opened once: what is at an address, by its debugging information or its symbol table. */
#ifndef TSHM_SYMBOL_ELF_H
#define TSHM_SYMBOL_ELF_H

#include <elfutils/libdwfl.h>

#include "symbol.h"
#include "xalloc.h"
#include <uthash.h>

struct tshm_place {			/* one of the functions that an address is in */
	const char *function;		/* as the compiler names it; NULL: not known */
	const char *file;		/* NULL: not known */
	unsigned line;
	bool inlined;			/* into the next one */
};

struct tshm_places {			/* innermost first */
	struct tshm_place *list;
	size_t count, capacity;
	struct tshm_arena *arena;	/* has the files' names; the functions' are the file's own */
};

struct tshm_elf {
	char *path;
	Dwfl *dwfl;
	Dwfl_Module *module;		/* NULL: the file is not there, or is no ELF file */
	Dwarf_Addr bias;		/* what libdwfl adds to the file's addresses */
	char build_id[41];		/* hex, "" if it has none */
	uint64_t changed_wall;		/* ns: when the file was last written */
	struct tshm_names *names;	/* of symbol_names.c */
	struct tshm_dwarf *dwarf;	/* of symbol_dwarf.c */
	UT_hash_handle hh;
};

struct tshm_elf *tshm_elf_open(const char *path);	/* never NULL */
void tshm_elf_free(struct tshm_elf *);
/* What the file has at the byte before `offset`, which is a return address.  Nothing is added where nothing is known. */
void tshm_elf_look_up(struct tshm_elf *, uint64_t offset, struct tshm_places *);
/* What it calls the file with its debugging information, or NULL. */
const char *tshm_elf_debug_link(struct tshm_elf *);
struct tshm_place *tshm_places_add(struct tshm_places *);

/* The function of the symbol table that an address is in, or NULL.  Addresses are libdwfl's. */
const char *tshm_names_find(struct tshm_elf *, Dwarf_Addr address);
void tshm_names_free(struct tshm_names *);

void tshm_dwarf_look_up(struct tshm_elf *, Dwarf_Addr address, struct tshm_places *);
void tshm_dwarf_free(struct tshm_dwarf *);

/* Bytes in hex; at most 20 of them. */
void tshm_elf_hex(char to[41], const uint8_t *bytes, size_t size);

#endif
