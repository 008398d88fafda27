/* SPDX-License-Identifier: MIT */
/*
 * From a frame to what a person reads: function, file, line.
 *
 * Only here is debug information read, with elfutils; a frame is looked up when it is
 * printed and kept, so that the same one costs once.
 */
#ifndef TSHM_SYMBOL_H
#define TSHM_SYMBOL_H

#include "model.h"

/* One line of a stack.  Strings live as long as the symbols. */
struct tshm_line {
	const char *function;	/* demangled; NULL: not known */
	const char *file;	/* source file; NULL: not known */
	unsigned line;		/* 0: not known */
	const char *module;	/* path of the ELF file; NULL: in none, or python */
	uint64_t offset;	/* native: in the module */
	char build_id[41];	/* hex, "" if the module has none */
	bool inlined;		/* its function was inlined into that of the next line */
	bool python;
	bool changed;		/* the module's file is not the one that ran: its symbols would lie */
	bool gone;		/* the module's file is not there or is no ELF file */
};

struct tshm_symbols;

struct tshm_symbols *tshm_symbols_new(void);
/* Use what earlier reports kept of modules that have a build-id; what is new is kept by tshm_symbols_free(). */
void tshm_symbols_keep(struct tshm_symbols *);
void tshm_symbols_free(struct tshm_symbols *);
/* The lines of one frame, innermost first: more than one if functions were inlined.  Never 0. */
size_t tshm_symbols_frame(struct tshm_symbols *, const struct tshm_image *, const struct tshm_frame *,
			  const struct tshm_line **lines);

#endif
