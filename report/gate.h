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

struct tshm_policy {
	const char *name;
	enum tshm_severity fails_on;	/* this and worse */
	const char *text;		/* one line, for --help */
};

/* All policies; count is written.  The first is the default. */
const struct tshm_policy *tshm_policies(size_t *count);
/* The policy of that name (NULL or "": the default), or NULL and one line in *error, to be freed. */
const struct tshm_policy *tshm_policy_find(const char *name, char **error);

/* Suppressed findings do not count.  *why, if asked for, says in one line why it is unjudged (static), or NULL. */
enum tshm_gate tshm_gate_judge(const struct tshm_policy *, const struct tshm_run *,
			       const struct tshm_findings *, const char **why);
const char *tshm_gate_name(enum tshm_gate);	/* "pass", "fail", "unjudged" */

#endif
