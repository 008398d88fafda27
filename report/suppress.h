/* SPDX-License-Identifier: MIT */
/*
 * Suppressions: findings that are known and accepted.  A line is RULE:PATTERN, as LeakSanitizer
 * has them; RULE is a rule's id or *, PATTERN a pattern of fnmatch(3) for the name of the object, or
 * for the module, function or source file of a frame of either stack.  Or it is a block, as Valgrind
 * has them (suppress_block.h).
 */
#ifndef TSHM_SUPPRESS_H
#define TSHM_SUPPRESS_H

#include "finding.h"
#include "symbol.h"

struct tshm_block;

struct tshm_suppression {
	char *line;		/* as it was written, without spaces around it; a block's name */
	const char *pattern;	/* in line; NULL: it is a block */
	struct tshm_block *block;
	char *file;
	unsigned number;	/* of the line; of a block's first */
	bool asked;		/* from a file that the user named: if it is not used, that is told */
	size_t used;		/* findings */
};

struct tshm_suppressions {
	struct tshm_suppression *list;
	size_t count, capacity;
};

/* Add those of a file.  false: one line in *error, to be freed, names the file and the line. */
bool tshm_suppressions_read(struct tshm_suppressions *, const char *file, bool asked, char **error);
/* The file that comes with tshm, or that TSHM_SUPPRESSIONS_DEFAULT names; that there is none is no error. */
bool tshm_suppressions_read_default(struct tshm_suppressions *, char **error);
/* Set suppressed_by where one matches: the first that does. */
void tshm_suppressions_apply(struct tshm_suppressions *, struct tshm_findings *, struct tshm_symbols *);
/* Does a pattern match all of it?  A path also by its last part, a function also without its arguments. */
bool tshm_fits(const char *pattern, const char *text);
bool tshm_fits_path(const char *pattern, const char *path);
bool tshm_fits_function(const char *pattern, const char *function);
void tshm_suppressions_free(struct tshm_suppressions *);

#endif
