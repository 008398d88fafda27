/* SPDX-License-Identifier: MIT */
/*
 * A dlsym for the constructor.  125 calls of dlsym took 107,000 instructions, which was a
 * quarter of what a small program needs to start; this takes a ninth of it.
 *
 * It reads what the dynamic linker reads: the list of loaded files, whose order at start is
 * that of lookup (breadth first, as glibc loads them), and of each the hash table of symbols
 * (DT_GNU_HASH: glibc's elf/dl-lookup.c, binutils' documentation of --hash-style).  Whatever
 * is not plain (another kind of table, a function that is chosen at run time, a list longer
 * than usual) is left to dlsym, and so is what was not found.
 */
#include <stddef.h>
#include <string.h>

#include "next.h"

extern struct r_debug _r_debug __attribute__((weak));	/* ld.so's; not in every libc */

/* Addresses in a dynamic section are relocated by glibc where the section can be written. */
static const void *tshm_next_table(const struct link_map *map, ElfW(Addr) value)
{
	return (const void *)(value < map->l_addr ? map->l_addr + value : value);
}

static bool tshm_next_file(struct tshm_next_file *f, const struct link_map *map)
{
	*f = (struct tshm_next_file){ .base = map->l_addr };
	for (const ElfW(Dyn) *d = map->l_ld; d && d->d_tag != DT_NULL; d++) {
		switch (d->d_tag) {
		case DT_SYMTAB: f->symbols = tshm_next_table(map, d->d_un.d_ptr); break;
		case DT_STRTAB: f->strings = tshm_next_table(map, d->d_un.d_ptr); break;
		case DT_VERSYM: f->versions = tshm_next_table(map, d->d_un.d_ptr); break;
		case DT_GNU_HASH: f->hash = tshm_next_table(map, d->d_un.d_ptr); break;
		}
	}
	return f->symbols && f->strings && f->hash;
}

bool tshm_next_open(struct tshm_next *next)
{
	const struct link_map *map = &_r_debug ? _r_debug.r_map : NULL;

	next->count = 0;
	while (map && map->l_ld != _DYNAMIC)	/* whose is the linker's, one for each file */
		map = map->l_next;
	if (!map)
		return false;
	for (map = map->l_next; map; map = map->l_next)
		if (next->count == TSHM_NEXT_FILES || !tshm_next_file(&next->file[next->count++], map))
			return false;
	return next->count > 0;
}

/* The number of the symbol that a lookup without a version gives, or 0. */
static uint32_t tshm_next_symbol(const struct tshm_next_file *f, const char *name, uint32_t hash)
{
	uint32_t buckets = f->hash[0], first = f->hash[1], words = f->hash[2], shift = f->hash[3];
	const ElfW(Addr) *bloom = (const ElfW(Addr) *)&f->hash[4];
	const uint32_t *bucket = (const uint32_t *)&bloom[words], *chain = bucket + buckets;
	unsigned bits = 8 * sizeof(*bloom);
	ElfW(Addr) word = bloom[hash / bits & (words - 1)];
	uint32_t n;

	if (!(word >> hash % bits & word >> (hash >> shift) % bits & 1))
		return 0;
	n = bucket[hash % buckets];
	if (n < first)
		return 0;
	for (;; n++) {
		uint32_t at = chain[n - first];
		const ElfW(Sym) *s = &f->symbols[n];

		/* The high bit of a version says that only those get it who ask for that version. */
		if ((at ^ hash) < 2 && s->st_shndx != SHN_UNDEF && !(f->versions && f->versions[n] & 0x8000) &&
		    !strcmp(f->strings + s->st_name, name))
			return n;
		if (at & 1)
			return 0;
	}
}

void *tshm_next_find(const struct tshm_next *next, const char *name)
{
	uint32_t hash = 5381;

	for (const char *c = name; *c; c++)
		hash = hash * 33 + (unsigned char)*c;
	for (unsigned i = 0; i < next->count; i++) {
		const struct tshm_next_file *f = &next->file[i];
		uint32_t n = tshm_next_symbol(f, name, hash);

		if (n)
			return (f->symbols[n].st_info & 15) == STT_FUNC ?
				(void *)(f->base + f->symbols[n].st_value) : NULL;
	}
	return NULL;
}
