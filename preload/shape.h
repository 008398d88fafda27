/* SPDX-License-Identifier: MIT */
/*
 * The shape of a stack: every word that a walk went by.
 *
 * A walk is a chain.  From the caller's pc follows a rule, from the rule where the
 * next return address lies, and so on; some rules also go by the frame pointer, which
 * is the caller's own or was saved in some frame.  So if all return addresses stand
 * where they stood, and the frame pointers that were used are what they were (both as
 * seen from the caller's stack pointer), a second walk could only find the same.  To
 * look takes a fifth of the time of a walk.
 */
#ifndef TSHM_SHAPE_H
#define TSHM_SHAPE_H

#include "here.h"
#include "image.h"

#define TSHM_SHAPE_LINKS (TSHM_DEPTH_MAX + 8)

struct tshm_shape {
	int32_t span;		/* bytes from sp on that are looked at; 0: the walk cannot be repeated so */
	uint16_t links;
	bool uses_bp;		/* the caller's frame pointer itself is one */
	int32_t bp_is;		/* its value, from sp */
	int32_t pc_at[TSHM_DEPTH_MAX];	/* where, from sp, the return addresses are but the first */
	struct { int32_t at, is; } link[TSHM_SHAPE_LINKS];	/* frame pointers: where, and their values, from sp */
};

static inline uintptr_t tshm_shape_word(uintptr_t sp, int32_t at)
{
	return *(const uintptr_t *)(sp + (uintptr_t)(intptr_t)at);
}

/* Are the return addresses from `here` on pcs[0…depth-1]?  `reach` bytes from sp on can be read. */
static inline bool tshm_shape_fits(const struct tshm_shape *s, struct tshm_here here, uintptr_t reach,
				   const uintptr_t *pcs, unsigned depth)
{
	if (here.pc != pcs[0] || !s->span || (uintptr_t)s->span > reach)
		return false;
	if (s->uses_bp && here.bp - here.sp != (uintptr_t)(intptr_t)s->bp_is)
		return false;
	for (unsigned i = 1; i < depth; i++)
		if (tshm_shape_word(here.sp, s->pc_at[i]) != pcs[i])
			return false;
	for (unsigned i = 0; i < s->links; i++)
		if (tshm_shape_word(here.sp, s->link[i].at) - here.sp != (uintptr_t)(intptr_t)s->link[i].is)
			return false;
	return true;
}

#endif
