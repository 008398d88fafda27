/* SPDX-License-Identifier: MIT */
/*
 * What was looked up, kept for the next report: a file for each module, by its build-id,
 * under $XDG_CACHE_HOME/tshm, so that a large library is not even opened again.
 *
 * A cache file is not trusted more than a ledger: whoever wrote it, it leads to no access
 * outside of it, and a damaged one is as good as none.  Two reports that write at once
 * replace each other's file, and the later one counts.
 */
#ifndef TSHM_SYMBOL_CACHE_H
#define TSHM_SYMBOL_CACHE_H

#include "symbol_elf.h"

#define TSHM_CACHE_FILE_MOST ((size_t)32 << 20)		/* bytes of one module */
#define TSHM_CACHE_MOST ((uint64_t)256 << 20)		/* bytes of all of them */

struct tshm_cache;	/* of one module */

/* The directory, made if need be: a descriptor, or -1 where there is no place that is ours alone. */
int tshm_cache_directory(void);

/* Read what is known of a module.  Never NULL. */
struct tshm_cache *tshm_cache_open(int directory, const char *path, const char *build_id);
/*
 * The places of an offset, if they are known; unless anything goes, only if nothing tells
 * that more could be known today.  Their strings live as long as the cache.
 */
bool tshm_cache_find(struct tshm_cache *, uint64_t offset, bool anything, struct tshm_places *);
/* Strings must live as long as the cache.  `debug_link` is what the module calls its debug file, or NULL. */
void tshm_cache_add(struct tshm_cache *, uint64_t offset, const struct tshm_places *, const char *debug_link);
/* Write what was added, and free. */
void tshm_cache_close(struct tshm_cache *);

/* ---- between the files of the cache ---- */

/* A whole file of ours, to be freed; NULL if it is not there, not ours, or too large. */
uint8_t *tshm_cache_read(int directory, const char *name, size_t *size);
/* Replaces the file, then removes what was not used for longest if all of them are too large. */
void tshm_cache_write(int directory, const char *name, const void *bytes, size_t size);
/*
 * A number that changes when debugging information may have been installed or removed,
 * without opening the module.
 */
uint64_t tshm_cache_stamp(const char *path, const char *build_id, const char *debug_link);
uint64_t tshm_cache_sum(uint64_t sum, const void *bytes, size_t size);	/* FNV-1a; 0 begins */

#endif
