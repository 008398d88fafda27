/* SPDX-License-Identifier: MIT */
/* The real dlsym.  This library exports one (hook_dlsym.c), so its own name for it would lead there. */
#ifndef TSHM_DLSYM_H
#define TSHM_DLSYM_H

#include "image.h"

typedef void *tshm_dlsym_function(void *handle, const char *name);

extern TSHM_INTERNAL tshm_dlsym_function *tshm_dlsym_real;	/* NULL until bound */
TSHM_INTERNAL tshm_dlsym_function *tshm_dlsym_bind(void);	/* never NULL */
struct tshm_next;
TSHM_INTERNAL tshm_dlsym_function *tshm_dlsym_bind_in(const struct tshm_next *);

/* For this library's own use: RTLD_NEXT is what comes behind libtshm.so. */
static inline void *tshm_dlsym(void *handle, const char *name)
{
	tshm_dlsym_function *real = tshm_dlsym_real;

	return (real ? real : tshm_dlsym_bind())(handle, name);
}

#endif
