/* SPDX-License-Identifier: MIT */
/* Whose a name looks like, by the patterns of names.def. */
#ifndef TSHM_NAMING_H
#define TSHM_NAMING_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct tshm_naming { const char *pattern, *owner, *text; };

/* All rows; count is written. */
const struct tshm_naming *tshm_namings(size_t *count);
/* The row that fits the last part of a name, or NULL; the pid that the name carries in *pid, 0 if none. */
const struct tshm_naming *tshm_naming_of(const char *base, pid_t *pid);
/* Does the whole text fit the pattern?  As in names.def. */
bool tshm_naming_fits(const char *pattern, const char *text, pid_t *pid);

#endif
