/* SPDX-License-Identifier: MIT */
/* Programs that confine themselves by seccomp(2): from then on we make no system call of our own. */
#ifndef TSHM_CONFINE_H
#define TSHM_CONFINE_H

#include "image.h"

/* Before the call: make what will be needed, and ask no more. */
TSHM_INTERNAL void tshm_confine(void);
/* The call failed. */
TSHM_INTERNAL void tshm_confine_withdraw(void);

#endif
