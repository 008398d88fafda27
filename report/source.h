/* SPDX-License-Identifier: MIT */
/* Source files as tools want them: relative to the folder of the sources, or in whole. */
#ifndef TSHM_SOURCE_H
#define TSHM_SOURCE_H

#include <stdbool.h>

#include "trace.h"

struct tshm_source {
	char *path;		/* without . and .., below the root if relative; to be freed */
	bool relative;
};

/* The root as an absolute path with a slash behind it.  To be freed. */
char *tshm_source_root(const char *folder);
/* NULL for no file. */
struct tshm_source tshm_source_of(const char *root, const char *file);
/* The line that a tool should point at: of the program, with a source file and a line; NULL if there is none. */
const struct tshm_line *tshm_source_line(const struct tshm_trace *);
/* The path as part of a URI: what is no unreserved character or slash is %XX.  To be freed. */
char *tshm_source_uri(const char *path);

#endif
