/* SPDX-License-Identifier: MIT */
/* The gate. */
#include "gate.h"

#include <string.h>

#include "xalloc.h"

static const struct tshm_policy policies[] = {
	{ "default", TSHM_ERROR, "fails on errors" },
	{ "strict", TSHM_WARNING, "fails on errors and warnings" },
};

const struct tshm_policy *tshm_policies(size_t *count)
{
	*count = sizeof(policies) / sizeof(policies[0]);
	return policies;
}

const struct tshm_policy *tshm_policy_find(const char *name, char **error)
{
	*error = NULL;
	if (!name || !name[0])
		return &policies[0];
	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++)
		if (!strcmp(policies[i].name, name))
			return &policies[i];
	*error = tshm_xasprintf("unknown gate policy \"%s\": use default (errors) or strict (errors and warnings)", name);
	return NULL;
}

/* Is there something that could hide a fault from us?  One reason, the first that matters. */
static const char *why_unjudged(const struct tshm_run *run)
{
	if (run->unreadable)
		return "a ledger could not be read";
	if (!run->image_count)
		return "there is no ledger";
	if (!run->root_observed)
		return "the command itself was not observed";
	for (size_t i = 0; i < run->image_count; i++) {
		const struct tshm_header *h = &run->images[i]->header;

		if (h->sections[TSHM_SEC_RESOURCES].lost || h->sections[TSHM_SEC_HISTORY].lost)
			return "a ledger had no room for what was held or named";
		if (h->sections[TSHM_SEC_IPC].lost)
			return "a ledger had no room for what was shared by CUDA IPC";
	}
	for (const struct tshm_object *o = run->objects; o; o = o->next)
		/* Paths of sockets are notes at most. */
		if (o->presence == TSHM_NAME_UNASKED && o->creator && o->space != TSHM_SPACE_SOCKET)
			return "names could not be looked at: another host, boot or mount";
	return NULL;
}

enum tshm_gate tshm_gate_judge(const struct tshm_policy *policy, const struct tshm_run *run,
			       const struct tshm_findings *found, const char **why)
{
	const char *reason = why_unjudged(run);

	if (why)
		*why = NULL;
	/* What was found is found, whatever else could not be seen. */
	for (size_t i = 0; i < found->count; i++)
		if (!found->list[i]->suppressed_by && found->list[i]->severity >= policy->fails_on)
			return TSHM_GATE_FAIL;
	if (!reason)
		return TSHM_GATE_PASS;
	if (why)
		*why = reason;
	return TSHM_GATE_UNJUDGED;
}

const char *tshm_gate_name(enum tshm_gate gate)
{
	switch (gate) {
	case TSHM_GATE_PASS: return "pass";
	case TSHM_GATE_FAIL: return "fail";
	case TSHM_GATE_UNJUDGED: return "unjudged";
	}
	return "?";
}
