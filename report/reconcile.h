/* SPDX-License-Identifier: MIT */
/*
 * The kernel is the truth: what ledgers say is compared with it.
 * Looks only; nothing here opens an object for writing or changes it.
 */
#ifndef TSHM_RECONCILE_H
#define TSHM_RECONCILE_H

#include "join.h"

/* Which images run; drop records that the kernel (or the image's own last look) contradicts. */
void tshm_reconcile_images(struct tshm_run *);
/* Does the image run now?  Needs no more than its header. */
bool tshm_reconcile_is_running(const struct tshm_image *);
/* Names: presence, creators that only birth times tell, who holds what is left, strays; then each object's state. */
void tshm_reconcile_names(struct tshm_run *, struct tshm_objects *);
/* Processes outside of the run that hold any of the objects that are left. */
void tshm_reconcile_outsiders(struct tshm_run *);

#endif
