/* SPDX-License-Identifier: MIT */
/* What the parts of --format=sarif share. */
#ifndef TSHM_OUT_SARIF_H
#define TSHM_OUT_SARIF_H

#include "out_json.h"

#define TSHM_SARIF_ROOT "%SRCROOT%"	/* the name that GitHub's and others' tools know the sources' folder by */

/* A text as people may see it; null for NULL. */
json_t *tshm_sarif_text(const char *);
json_t *tshm_sarif_message(const char *);	/* {"text": …} */
void tshm_sarif_set(json_t *object, const char *key, json_t *value);
/* Where a tool points at: of its stack, or its program; an empty list if nothing is known.  Frees the stack. */
json_t *tshm_sarif_locations(const struct tshm_out *, const struct tshm_finding *, struct tshm_trace *);
/* "stacks": the finding's, and that of a second party. */
json_t *tshm_sarif_stacks(const struct tshm_out *, const struct tshm_finding *);
/* "relatedLocations": the second party. */
json_t *tshm_sarif_related(const struct tshm_out *, const struct tshm_finding *);

#endif
