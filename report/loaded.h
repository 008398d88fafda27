/* SPDX-License-Identifier: MIT */
/*
 * What a live process has loaded: from an address to a module's file and the offset in
 * it, as frames in ledgers have them.  What the process says of itself is untrusted.
 */
#ifndef TSHM_LOADED_H
#define TSHM_LOADED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct tshm_loaded_map {		/* one mapping, of a file or of none */
	uint64_t start, end, offset;
	uint64_t dev, ino;
	char *path;			/* without " (deleted)"; "" if it is of no file */
	bool runs;			/* may be executed */
	bool is_file;			/* its path leads to a regular file: safe to be opened */
};

struct tshm_loaded_module {
	uint64_t start;			/* where its ELF header lies */
	uint64_t bias;
	uint8_t build_id[20];
	unsigned build_id_size;
	const char *path;
};

struct tshm_loaded {
	struct tshm_loaded_map *maps;	/* by address */
	size_t map_count, map_capacity;
	struct tshm_loaded_module *modules;	/* in the order in which they were asked for */
	size_t module_count, module_capacity;
	int mem;			/* /proc/PID/mem; the caller's */
};

/* 0 or -errno.  It goes with the process that asked: a tracer (tracer.h). */
int tshm_loaded_read(struct tshm_loaded *, pid_t pid, int mem);
/* The mapping that has the address, or NULL. */
const struct tshm_loaded_map *tshm_loaded_map(const struct tshm_loaded *, uint64_t address);
/* The number of the module in `modules`, or -1: the address is in no file. */
ptrdiff_t tshm_loaded_module(struct tshm_loaded *, uint64_t address);
/* Bytes of the process; false unless all could be read. */
bool tshm_loaded_bytes(const struct tshm_loaded *, uint64_t address, void *to, size_t size);

#endif
