/* SPDX-License-Identifier: MIT */
/*
 * The real functions.  One pointer a row of calls.def, never NULL: until the
 * constructor has bound it, and where this libc lacks the function, it leads to a
 * stand-in that makes the system call (or, for functions that are none, binds it).
 */
#ifndef TSHM_REAL_H
#define TSHM_REAL_H

#include "decl.h"
#include "image.h"

struct tshm_real {
#define TSHM_CALL(id, name, act, kind, early) __typeof__(name) *name;
#include "../ledger/calls.def"
#undef TSHM_CALL
};

extern TSHM_INTERNAL struct tshm_real tshm_real;
#define TSHM_REAL(name) (*tshm_real.name)

TSHM_INTERNAL void tshm_real_bind(void);

#endif
