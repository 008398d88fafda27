/* SPDX-License-Identifier: MIT */
/*
 * Debugging information from servers: elfutils asks those of DEBUGINFOD_URLS, and nobody
 * where that is unset or empty.  Here is only how long a person is kept waiting.
 */
#ifndef TSHM_DEBUGINFOD_H
#define TSHM_DEBUGINFOD_H

#include <elfutils/libdwfl.h>
#include <stdbool.h>

/* A find_debuginfo callback: as elfutils' own, but each module is asked for once. */
int tshm_debuginfod_find(Dwfl_Module *, void **userdata, const char *name, Dwarf_Addr base, const char *file,
			 const char *debug_link, GElf_Word debug_link_sum, char **found);
/* Did servers let us wait for so long that they are not asked any more? */
bool tshm_debuginfod_gave_up(void);

#endif
