/* SPDX-License-Identifier: MIT */
/* Marks: what is live when a piece of work begins and ends. */
#ifndef TSHM_MARK_H
#define TSHM_MARK_H

#include "image.h"

TSHM_INTERNAL void tshm_marks_begin(const char *name);
TSHM_INTERNAL int tshm_marks_end(const char *name);
/* What is live now, by class. */
TSHM_INTERNAL void tshm_marks_live(int64_t live[TSHM_MARK_CLASSES]);
/* How much more than when the newest mark of this name began; false: there is none. */
TSHM_INTERNAL bool tshm_marks_growth(const char *name, int64_t grown[TSHM_MARK_CLASSES]);

#endif
