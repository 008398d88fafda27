/* SPDX-License-Identifier: MIT */
/* The deduplicated string arena: paths of modules, programs, marks. Bounded; a full arena gives 0. */
#ifndef TSHM_STRINGS_H
#define TSHM_STRINGS_H

#include <stddef.h>

#include "image.h"

/* The number of this string in the ledger, 0 if empty or without room (counted). */
TSHM_INTERNAL uint32_t tshm_string(const char *bytes, size_t length);
TSHM_INTERNAL void tshm_strings_forked(void);

#endif
