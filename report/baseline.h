/* SPDX-License-Identifier: MIT */
/* A baseline: the findings that were there before, by their fingerprints.  Only what is new fails. */
#ifndef TSHM_BASELINE_H
#define TSHM_BASELINE_H

#include "finding.h"
#include "symbol.h"

struct tshm_baseline_row {
	char *key;			/* tshm_fingerprint_key() */
	char *rule, *place;		/* for people */
	enum tshm_severity severity;
	bool there;			/* a finding has it */
};

struct tshm_baseline {
	char *file;
	struct tshm_baseline_row *rows;	/* by key */
	size_t count, capacity;
};

/* NULL: one line in *error, to be freed. */
struct tshm_baseline *tshm_baseline_read(const char *file, char **error);
void tshm_baseline_free(struct tshm_baseline *);
/* Sets `known` of what is in it and no worse than it was, and `there` of its rows. */
void tshm_baseline_apply(struct tshm_baseline *, const struct tshm_findings *, struct tshm_symbols *);
size_t tshm_baseline_gone(const struct tshm_baseline *);	/* how many are not there any more */
/* Writes what is not suppressed; a file of that name is replaced as a whole.  false: one line in *error. */
bool tshm_baseline_write(const char *file, const struct tshm_findings *, struct tshm_symbols *, char **error);

#endif
