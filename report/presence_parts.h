/* SPDX-License-Identifier: MIT */
/* What presence.c and strays.c share: names against the kernel. */
#ifndef TSHM_PRESENCE_PARTS_H
#define TSHM_PRESENCE_PARTS_H

#include "names.h"
#include "reconcile.h"

struct tshm_label;			/* of a set: tshm_names_label() */

struct tshm_asking {
	struct tshm_run *run;
	struct tshm_objects *objects;
	struct tshm_names names;
	struct tshm_label *before;	/* run->names_before */
};

bool tshm_presence_has_label(struct tshm_label *, const char *);
void tshm_presence_add_label(struct tshm_run *, struct tshm_label **, const char *);
void tshm_presence_drop_labels(struct tshm_label **);
bool tshm_presence_is_name_space(unsigned space);
/* Does it still name something, as far as its image knows? */
bool tshm_presence_is_live(const struct tshm_past *);
/* May we ask this kernel, in this mount namespace, about names of that image? */
bool tshm_presence_may_ask(const struct tshm_image *, unsigned space);
/* Can the call that began then have made what is there now? */
bool tshm_presence_may_have_made(struct tshm_asking *, const struct tshm_past *, const struct tshm_seen *);
/* Live, leaked or removed, by all that is known of it. */
void tshm_presence_set_state(const struct tshm_run *, struct tshm_object *);

/* Names that are there now and that nobody of the run made: run->strays.  After all objects were asked about. */
void tshm_strays_find(struct tshm_asking *);

#endif
