/* SPDX-License-Identifier: MIT */
/*
 * A suppression in Valgrind's form:
 *
 *	{
 *	   any text, its name
 *	   tshm:RULE
 *	   name:PATTERN			of the object; may be left out
 *	   exe:PATTERN			of the program; may be left out
 *	   fun:PATTERN			frames, innermost first: of a function, a module, a source file
 *	   ...				any number of frames
 *	   obj:PATTERN
 *	   src:PATTERN
 *	}
 *
 * Frames must match the beginning of the first stack, with or without the call that was noted; a line
 * RULE:PATTERN is looser, and looks into the second party's, too.
 */
#ifndef TSHM_SUPPRESS_BLOCK_H
#define TSHM_SUPPRESS_BLOCK_H

#include "suppress.h"

struct tshm_block *tshm_block_new(void);
void tshm_block_free(struct tshm_block *);
/* One line between the braces: what is wrong with it (static), or NULL. */
const char *tshm_block_line(struct tshm_block *, const char *line);
/* What it lacks, or NULL. */
const char *tshm_block_end(const struct tshm_block *);
bool tshm_block_is_ours(const struct tshm_block *);
const char *tshm_block_name(const struct tshm_block *);
bool tshm_block_matches(const struct tshm_block *, const struct tshm_finding *, struct tshm_symbols *);

#endif
