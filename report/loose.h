/* SPDX-License-Identifier: MIT */
/* Ledgers that were begun without tshm-run, joined into runs by their root image. */
#ifndef TSHM_LOOSE_H
#define TSHM_LOOSE_H

#include "join.h"

struct tshm_loose_run {
	struct tshm_image **images;	/* root first */
	size_t count;
	size_t ledgers;			/* images that have one */
};

struct tshm_loose {
	struct tshm_run *all;		/* headers of all loose ledgers of a pool, joined */
	struct tshm_loose_run *list;	/* newest first */
	size_t count;
};

struct tshm_loose *tshm_loose_load(const char *pool);
void tshm_loose_free(struct tshm_loose *);
/* The run that has an image of this token, or NULL. */
const struct tshm_loose_run *tshm_loose_find(const struct tshm_loose *, const char *token);

#endif
