/* SPDX-License-Identifier: MIT */
/* Sites: distinct call stacks that acquire, with running totals. */
#ifndef TSHM_SITE_H
#define TSHM_SITE_H

#include "here.h"
#include "image.h"
#include "shape.h"

struct tshm_own_site {
	uint64_t stamp;
	uint64_t hash;
	uint64_t python;		/* of the Python frames, or 0 */
	uint16_t call;
	uint16_t depth;			/* of pcs */
	uint16_t frame_count;		/* of frames: Python's are among them */
	uint32_t epoch;			/* of the image whose ledger has it, */
	struct tshm_site *map;		/* where it is then, or NULL */
	_Atomic uint32_t generation;	/* tshm_module_generation when the addresses were last looked at */
	uint32_t next;
	_Atomic uint32_t bad_close;	/* history record of bad closes here */
	_Atomic uint32_t lost_fds;	/* … of descriptors lost in transit */
	uintptr_t pcs[TSHM_DEPTH_MAX];
	struct tshm_shape shape;	/* of the walk that found it first */
	struct tshm_frame frames[TSHM_DEPTH_MAX];
};

/* Of their store (store.h). */
#define TSHM_SITE_FORM ((struct tshm_store_form){ 3, sizeof(struct tshm_own_site), sizeof(struct tshm_site), \
						  offsetof(struct tshm_own_site, next) })

/* The site of the present call. */
TSHM_INTERNAL uint32_t tshm_site_here(struct tshm_here);
TSHM_INTERNAL void tshm_site_failed(uint32_t site, int error);
/* A resource of this site goes live; acquired: by a call (not inherited, not split). */
TSHM_INTERNAL void tshm_site_hold(uint32_t site, uint64_t bytes, bool acquired, uint64_t now);
/* `count` resources of this site were inherited by fork. */
TSHM_INTERNAL void tshm_site_inherit(uint32_t site, uint64_t count, uint64_t bytes);
TSHM_INTERNAL void tshm_site_let_go(uint32_t site, uint64_t bytes, bool released, uint64_t life);
/* Have the site in this image's ledger (after fork, sites are written when first referred to). */
TSHM_INTERNAL void tshm_site_mirror(uint32_t site);
TSHM_INTERNAL struct tshm_own_site *tshm_site_own(uint32_t site);

#endif
