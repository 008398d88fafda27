/* SPDX-License-Identifier: MIT */
/* The gate. */
#include "gate.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "xalloc.h"

/* Is there something that could hide a fault from us?  One reason, the first that matters. */
static const char *why_unjudged(const struct tshm_run *run)
{
	if (run->unreadable)
		return "a ledger, or run.json, could not be read";
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

/* A bit for each count that it is counted in. */
static unsigned counted_in(const struct tshm_policy *p, const struct tshm_finding *f)
{
	unsigned segment = tshm_finding_is_segment(f) ? 1u << TSHM_COUNT_SEGMENTS | 1u << TSHM_COUNT_BYTES : 0;

	switch (tshm_policy_weight(p, f)) {
	case TSHM_ERROR: return 1u << TSHM_COUNT_ERRORS | segment;
	case TSHM_WARNING: return 1u << TSHM_COUNT_WARNINGS | segment;
	case TSHM_NOTE: return 1u << TSHM_COUNT_NOTES;
	}
	return 0;
}

static void count_all(const struct tshm_policy *p, const struct tshm_findings *found, uint64_t counts[TSHM_COUNTS])
{
	memset(counts, 0, TSHM_COUNTS * sizeof(*counts));
	for (size_t i = 0; i < found->count; i++) {
		const struct tshm_finding *f = found->list[i];
		unsigned in = counted_in(p, f);

		for (unsigned c = 0; c < TSHM_COUNTS; c++)
			if (in & 1u << c)
				counts[c] += c == TSHM_COUNT_SEGMENTS ? f->count : c == TSHM_COUNT_BYTES ? f->bytes : 1;
	}
}

bool tshm_gate_blames(const struct tshm_policy *policy, unsigned broken, const struct tshm_finding *f)
{
	return counted_in(policy, f) & broken;
}

/* "2 errors, at most 0", or NULL if that many are good. */
static char *excess(const struct tshm_limit *l, enum tshm_count count, uint64_t is)
{
	static const char *const words[TSHM_COUNTS] = { "error", "warning", "note", "leaked segment", "leaked byte" };

	if (!l->set || (l->exact ? is == l->most : is <= l->most))
		return NULL;
	/* Of nothing there cannot be less: "exactly 0" would only puzzle. */
	return tshm_xasprintf("%s, %s %" PRIu64, tshm_text_plural(is, words[count]).s,
			      l->exact && l->most ? "exactly" : "at most", l->most);
}

/* All limits that are broken, in one line; NULL: none. */
static char *why_failed(const struct tshm_policy *p, const struct tshm_findings *found, unsigned *broken)
{
	uint64_t counts[TSHM_COUNTS];
	char *why = NULL, *whole;

	count_all(p, found, counts);
	for (unsigned i = 0; i < TSHM_COUNTS; i++) {
		TSHM_AUTO_FREE char *one = excess(&p->limits[i], (enum tshm_count)i, counts[i]);

		if (!one)
			continue;
		*broken |= 1u << i;
		whole = why ? tshm_xasprintf("%s; %s", why, one) : tshm_xstrdup(one);
		free(why);
		why = whole;
	}
	if (!why || !p->weighs)
		return why;
	/* What counts as an error here need not be one in the report. */
	whole = tshm_xasprintf("%s (as %s weighs)", why, p->text);
	free(why);
	return whole;
}

struct tshm_verdict tshm_gate_judge(const struct tshm_policy *policy, const struct tshm_run *run,
				    const struct tshm_findings *found)
{
	struct tshm_verdict v = { .gate = TSHM_GATE_FAIL };
	const char *reason = why_unjudged(run);

	v.why = why_failed(policy, found, &v.broken);
	/* What was found is found, whatever else could not be seen. */
	if (v.why)
		return v;
	v.gate = reason ? TSHM_GATE_UNJUDGED : TSHM_GATE_PASS;
	v.why = reason ? tshm_xstrdup(reason) : NULL;
	return v;
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
