/* SPDX-License-Identifier: MIT */
/* Says on a terminal how far long work has come; on anything else it says nothing. */
#ifndef TSHM_PROGRESS_H
#define TSHM_PROGRESS_H

#include <stddef.h>

/* "reading ledgers: 120 of 10000": only after some time, and not too often.  total 0: not known. */
void tshm_progress(const char *what, size_t done, size_t total);
/* Before anything else is written to the terminal. */
void tshm_progress_end(void);

#endif
