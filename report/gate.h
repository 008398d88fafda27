/* SPDX-License-Identifier: MIT */
/* The gate: the policy that turns findings into an exit status. */
#ifndef TSHM_GATE_H
#define TSHM_GATE_H

#include "finding.h"

/* The values are tshm-report's exit statuses (2 is wrong usage). */
enum tshm_gate {
	TSHM_GATE_PASS = 0,
	TSHM_GATE_FAIL = 1,
	TSHM_GATE_UNJUDGED = 3	/* nothing at the gate, but not all could be judged */
};

/* What a policy can limit. */
enum tshm_count {
	TSHM_COUNT_ERRORS, TSHM_COUNT_WARNINGS, TSHM_COUNT_NOTES, TSHM_COUNT_SEGMENTS, TSHM_COUNT_BYTES, TSHM_COUNTS
};

struct tshm_limit {
	bool set, exact;	/* so many, or at most so many */
	uint64_t most;
};

/* What a rule weighs at the gate: a severity, or one of these. */
enum { TSHM_WEIGHT_OWN = -2, TSHM_WEIGHT_OFF = -1 };

struct tshm_policy {
	char *text;		/* as it was given */
	struct tshm_limit limits[TSHM_COUNTS];
	signed char *weights;	/* by rule, in the order of tshm_checks() */
	bool weighs;		/* some rule does not weigh what it is */
};

struct tshm_preset {
	const char *name;
	const char *text;		/* one line, for --help */
	const char *items;		/* what it stands for; rules that are not there do not count */
};

/* All named policies; count is written.  The first is the default. */
const struct tshm_preset *tshm_presets(size_t *count);
/*
 * What --gate was given: [NAME][,COUNT=N|COUNT<=N|RULE=WEIGHT]...; NULL or "" is the default.
 * NULL and one line in *error, to be freed, for what is not understood.
 */
struct tshm_policy *tshm_policy_read(const char *text, char **error);
void tshm_policy_free(struct tshm_policy *);
const char *tshm_count_name(enum tshm_count);	/* "leaked_bytes" */

/* Its severity at this gate; TSHM_WEIGHT_OFF if it does not count: the rule is off, it is suppressed or known. */
int tshm_policy_weight(const struct tshm_policy *, const struct tshm_finding *);
struct tshm_verdict {
	enum tshm_gate gate;
	unsigned broken;	/* a bit for each count whose limit is broken */
	char *why;		/* one line: what was too much, or why it is unjudged; NULL: it passes.  To be freed */
};
/* What is suppressed, or known from a baseline, does not count. */
struct tshm_verdict tshm_gate_judge(const struct tshm_policy *, const struct tshm_run *, const struct tshm_findings *);
/* Is it one of those that broke a limit? */
bool tshm_gate_blames(const struct tshm_policy *, unsigned broken, const struct tshm_finding *);
const char *tshm_gate_name(enum tshm_gate);	/* "pass", "fail", "unjudged" */

#endif
