/* SPDX-License-Identifier: MIT */
/*
 * A dlsym for the constructor.  125 calls of dlsym took 107,000 instructions, which was a
 * quarter of what a small program needs to start; this takes a ninth of it.  And it finds
 * dlsym itself, which a preload library that defines one cannot ask for.
 *
 * It reads what the dynamic linker reads: the loaded files, whose order at start is that of
 * lookup (breadth first, as glibc loads them), and of each the hash table of symbols
 * (DT_GNU_HASH: glibc's elf/dl-lookup.c; DT_HASH: the System V gABI, chapter 5).  Whatever is
 * not plain (a function that is chosen at run time, a list longer than usual) is left to
 * dlsym, and so is what was not found.
 */
#include <dlfcn.h>
#include <stddef.h>

#include "bytes.h"
#include "next.h"

extern struct r_debug _r_debug __attribute__((weak));	/* ld.so's; not in every libc */

/* glibc has relocated the addresses in a dynamic section that can be written, others have not. */
static const void *tshm_next_table(ElfW(Addr) base, ElfW(Addr) value)
{
	return (const void *)(value < base ? base + value : value);
}

bool tshm_next_read(struct tshm_next_file *f, ElfW(Addr) base, const ElfW(Dyn) *dynamic)
{
	*f = (struct tshm_next_file){ .base = base };
	for (const ElfW(Dyn) *d = dynamic; d->d_tag != DT_NULL; d++) {
		switch (d->d_tag) {
		case DT_SYMTAB: f->symbols = tshm_next_table(base, d->d_un.d_ptr); break;
		case DT_STRTAB: f->strings = tshm_next_table(base, d->d_un.d_ptr); break;
		case DT_VERSYM: f->versions = tshm_next_table(base, d->d_un.d_ptr); break;
		case DT_GNU_HASH: f->hash = tshm_next_table(base, d->d_un.d_ptr); break;
		case DT_HASH: f->old_hash = tshm_next_table(base, d->d_un.d_ptr); break;
		}
	}
	return f->symbols && f->strings && (f->hash || f->old_hash);
}

/* False: that is all that can be understood. */
static bool tshm_next_add(void *data, ElfW(Addr) base, const ElfW(Dyn) *dynamic)
{
	struct tshm_next *next = data;

	if (!next->begun) {		/* up to this library: _DYNAMIC is the linker's, one for each file */
		next->begun = dynamic == _DYNAMIC;
		return true;
	}
	next->plain = next->count < TSHM_NEXT_FILES && tshm_next_read(&next->file[next->count], base, dynamic);
	next->count += next->plain;
	return next->plain;
}

/* Of each file; `each` says whether to go on. */
typedef bool tshm_next_visit(void *data, ElfW(Addr) base, const ElfW(Dyn) *dynamic);
struct tshm_next_visitor { tshm_next_visit *each; void *data; };

static int tshm_next_info(struct dl_phdr_info *info, size_t size, void *data)
{
	const struct tshm_next_visitor *v = data;

	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
			return !v->each(v->data, info->dlpi_addr,
					(const ElfW(Dyn) *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr));
	return 0;
}

/* By the list itself where there is one: sanitizers intercept dl_iterate_phdr, and ask for dlsym in it. */
static void tshm_next_files(struct tshm_next_visitor v)
{
	if (!&_r_debug) {
		dl_iterate_phdr(tshm_next_info, &v);
		return;
	}
	for (const struct link_map *map = _r_debug.r_map; map; map = map->l_next)
		if (map->l_ld && !v.each(v.data, map->l_addr, map->l_ld))
			break;
}

bool tshm_next_open(struct tshm_next *next)
{
	next->count = 0;
	next->begun = next->plain = false;
	tshm_next_files((struct tshm_next_visitor){ tshm_next_add, next });
	return next->plain;
}

static bool tshm_next_tell(void *each, ElfW(Addr) base, const ElfW(Dyn) *dynamic)
{
	(*(void (**)(ElfW(Addr), const ElfW(Dyn) *))each)(base, dynamic);
	return true;
}

void tshm_next_each(void (*each)(ElfW(Addr) base, const ElfW(Dyn) *dynamic))
{
	tshm_next_files((struct tshm_next_visitor){ tshm_next_tell, &each });
}

/* Is this the symbol that a lookup without a version gives?  Others have the high bit of their version set. */
static bool tshm_next_is(const struct tshm_next_file *f, uint32_t n, const char *name)
{
	const ElfW(Sym) *s = &f->symbols[n];

	return s->st_shndx != SHN_UNDEF && !(f->versions && f->versions[n] & 0x8000) &&
	       tshm_equal(f->strings + s->st_name, name);
}

static uint32_t tshm_next_by_hash(const struct tshm_next_file *f, const char *name, uint32_t hash)
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

		if ((at ^ hash) < 2 && tshm_next_is(f, n, name))
			return n;
		if (at & 1)
			return 0;
	}
}

static uint32_t tshm_next_by_old_hash(const struct tshm_next_file *f, const char *name)
{
	uint32_t buckets = f->old_hash[0], hash = 0, high, n;
	const uint32_t *bucket = f->old_hash + 2, *chain = bucket + buckets;

	for (const char *c = name; *c; c++) {
		hash = (hash << 4) + (unsigned char)*c;
		high = hash & 0xf0000000;
		hash = (hash ^ high >> 24) & ~high;
	}
	for (n = buckets ? bucket[hash % buckets] : 0; n; n = chain[n])
		if (tshm_next_is(f, n, name))
			return n;
	return 0;
}

static uint32_t tshm_next_hash(const char *name)
{
	uint32_t hash = 5381;

	for (const char *c = name; *c; c++)
		hash = hash * 33 + (unsigned char)*c;
	return hash;
}

static uint32_t tshm_next_number(const struct tshm_next_file *f, const char *name, uint32_t hash)
{
	return f->hash ? tshm_next_by_hash(f, name, hash) : tshm_next_by_old_hash(f, name);
}

static void *tshm_next_function(const struct tshm_next_file *f, uint32_t n)
{
	return (f->symbols[n].st_info & 15) == STT_FUNC ? (void *)(f->base + f->symbols[n].st_value) : NULL;
}

void *tshm_next_find(const struct tshm_next *next, const char *name)
{
	uint32_t hash = tshm_next_hash(name);

	for (unsigned i = 0; i < next->count; i++) {
		uint32_t n = tshm_next_number(&next->file[i], name, hash);

		if (n)
			return tshm_next_function(&next->file[i], n);
	}
	return NULL;
}

void *tshm_next_in(void *library, const char *name)
{
	struct tshm_next_file file;
	struct link_map *map;
	uint32_t n;

	if (dlinfo(library, RTLD_DI_LINKMAP, &map) != 0 || !map->l_ld || !tshm_next_read(&file, map->l_addr, map->l_ld))
		return NULL;
	n = tshm_next_number(&file, name, tshm_next_hash(name));
	return n ? tshm_next_function(&file, n) : NULL;
}

void *tshm_next_sized(const struct tshm_next_file *f, const char *name, uint64_t *size)
{
	uint32_t n = tshm_next_number(f, name, tshm_next_hash(name));

	*size = n ? f->symbols[n].st_size : 0;
	return n ? tshm_next_function(f, n) : NULL;
}

void *tshm_next_address(const struct tshm_next_file *f, const char *name)
{
	uint64_t size;

	return tshm_next_sized(f, name, &size);
}

const void *tshm_next_object(const struct tshm_next_file *f, const char *name)
{
	uint32_t n = tshm_next_number(f, name, tshm_next_hash(name));

	return n && (f->symbols[n].st_info & 15) == STT_OBJECT ? (const void *)(f->base + f->symbols[n].st_value) : NULL;
}
