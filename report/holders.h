/* SPDX-License-Identifier: MIT */
/* Who holds shared objects of the run now, each process once, and where its threads stand. */
#ifndef TSHM_HOLDERS_H
#define TSHM_HOLDERS_H

#include "threads.h"
#include "xalloc.h"
#include <uthash.h>

struct tshm_holder {
	pid_t pid;			/* in this namespace */
	const struct tshm_image *image;	/* of the run; NULL: of another */
	const char *exe;
	const struct tshm_object **objects;	/* that it holds: in the order of the run */
	size_t object_count;
	size_t object_capacity;		/* private */
	char *denied;			/* why it is not known where it stands, escaped; or NULL */
	struct tshm_threads threads;
	UT_hash_handle hh;		/* hh.next: the next one; those of the run come first */
};

struct tshm_holders {
	struct tshm_holder *first;
};

/* Looks at all of them, one after another; a reader of what is written below waits that long. */
struct tshm_holders *tshm_holders_look(const struct tshm_run *);
void tshm_holders_free(struct tshm_holders *);
/* NULL if that process holds nothing shared, or nobody asked (holders may be NULL). */
const struct tshm_holder *tshm_holders_find(const struct tshm_holders *, pid_t pid);

#endif
