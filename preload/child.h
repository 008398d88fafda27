/* SPDX-License-Identifier: MIT */
/* Children: what was started, and how it ended.  A ring: the oldest make room. */
#ifndef TSHM_CHILD_H
#define TSHM_CHILD_H

#include "image.h"

TSHM_INTERNAL void tshm_child_begun(int pid, enum tshm_child_how, const char *program, uint32_t site);
TSHM_INTERNAL void tshm_child_ended(int pid, int wait_status);
TSHM_INTERNAL void tshm_children_forked(void);

#endif
