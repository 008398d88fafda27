/* SPDX-License-Identifier: MIT */
/*
 * What a finding is called from one run to the next, when pids, addresses, lines, and random
 * parts of names are other ones: for baselines, and for tools that follow findings over time.
 */
#ifndef TSHM_FINGERPRINT_H
#define TSHM_FINGERPRINT_H

#include "finding.h"
#include "symbol.h"

#define TSHM_FINGERPRINT_DEPTH 5u	/* of functions: callers farther out are others' more often than not */

struct tshm_fingerprint {		/* strings are escaped for people; all to be freed at once */
	const char *rule;
	char *program;			/* "demo", "python train.py"; "" if not known */
	char *where[TSHM_FINGERPRINT_DEPTH];	/* functions of the program, or modules, innermost first */
	size_t depth;
	char *what;			/* the object's name, random parts written *; "" if it has none */
};

struct tshm_fingerprint tshm_fingerprint_of(struct tshm_symbols *, const struct tshm_finding *);
void tshm_fingerprint_free(struct tshm_fingerprint *);
/* All of it in one string: two that are equal are the same finding.  To be freed. */
char *tshm_fingerprint_key(const struct tshm_fingerprint *);
/* 32 hex digits of a key, for tools that want a short one. */
void tshm_fingerprint_hash(const char *key, char hex[33]);
/* "make_batch in demo", "tshm-* in demo": for people.  To be freed. */
char *tshm_fingerprint_place(const struct tshm_fingerprint *);

/* The last part of a name, with what looks like a number or random in it written *.  To be freed. */
char *tshm_name_pattern(const char *name);
/* A function without what compilers add to its name (.isra.0, .cold, [clone ...], Rust's hash).  To be freed. */
char *tshm_function_plain(const char *function);

#endif
