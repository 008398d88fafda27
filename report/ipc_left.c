/* SPDX-License-Identifier: MIT */
/*
 * What was opened and not closed, or made and not destroyed, when its process ended: CUDA memory
 * and events of other processes, and events that were made for others.  The driver takes all of it
 * back then, so a little is a fact, and what piled up is a fault of a program that runs longer.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "check.h"

enum fate { ENDED, KILLED, RUNS };

/* Closed, but less often than opened: somebody counted wrong. */
static bool is_uneven(const struct tshm_ripc *i)
{
	return i->r.role == TSHM_IPC_IMPORT && i->r.released && tshm_ipc_missing(i);
}

static bool is_left(const struct tshm_ripc *i, enum tshm_ipc_role role)
{
	if (i->r.role != role || !tshm_ipc_is_live(i))
		return false;
	/* An event of which no handle was made is the program's own affair. */
	return role == TSHM_IPC_EVENT_EXPORT ? i->r.count > 0 : tshm_ipc_missing(i) > 0;
}

static enum fate fate_of(const struct tshm_image *im)
{
	if (tshm_ipc_runs(im))
		return RUNS;
	return im->header.ended == TSHM_ENDED_EXIT || im->header.ended == TSHM_ENDED_EXEC ? ENDED : KILLED;
}

static void say_uneven(const struct tshm_check *check, struct tshm_findings *to, const struct tshm_group *g)
{
	const struct tshm_ripc *first = g->first, *export = first->exporter;
	enum fate fate = fate_of(g->image);
	TSHM_AUTO_FREE char *memory = tshm_ipc_memory(g->bytes, " pinned");
	TSHM_AUTO_FREE char *who = tshm_group_who(g);
	struct tshm_finding *f;

	f = tshm_finding_add(to, check, fate == ENDED ? TSHM_WARNING : TSHM_NOTE,
			     "%s was opened %" PRIu32 " times by %s in %s, closed %s%s%s",
			     memory, first->r.count, tshm_call_name(first->r.call), who,
			     tshm_text_plural(first->r.released, "time").s, g->count > 1 ? ", and others like it" : "",
			     fate == RUNS ? ", so far" : fate == KILLED ? ", as last recorded" : "");
	f->advice = tshm_xstrdup("close it as often as it is opened; cudaIpcOpenMemHandle's documentation: opening again in "
				 "one context counts, and returns the same pointer");
	tshm_ipc_finding(f, g, first->handle, export ? export->image : NULL, export ? export->r.site : 0, "exported by");
}

/* "3 opens of CUDA memory (6.0 MiB pinned)" */
static char *things(const struct tshm_group *g, enum tshm_ipc_role role)
{
	TSHM_AUTO_FREE char *memory = tshm_ipc_memory(g->bytes, " pinned");

	if (role == TSHM_IPC_EVENT_EXPORT)
		return tshm_xasprintf("%s for other processes", tshm_text_plural(g->amount, "CUDA event").s);
	if (role == TSHM_IPC_EVENT_IMPORT)
		return tshm_xasprintf("%s of another process", tshm_text_plural(g->amount, "opened CUDA event").s);
	return tshm_xasprintf("%s of %s", tshm_text_plural(g->amount, "open").s, memory);
}

static const char *advice(enum tshm_ipc_role role)
{
	if (role == TSHM_IPC_EVENT_EXPORT)
		return "cudaEventDestroy() each when no other process uses it any more";
	if (role == TSHM_IPC_EVENT_IMPORT)
		return "cudaEventDestroy() each when it is done with; cudaIpcOpenEventHandle's documentation: an opened "
		       "event must be freed so";
	return "cudaIpcCloseMemHandle() each when its user is done; cudaIpcOpenMemHandle's documentation: what it returned "
	       "must be freed so; until then the exporter's memory stays pinned";
}

static const char *outcome(enum fate fate, bool piled)
{
	if (fate == RUNS)
		return ", and piled up so far";
	if (fate == KILLED)
		return ", as last recorded; reclaimed by the driver at exit";
	return piled ? ", and piled up until the end" : "; reclaimed by the driver at exit";
}

static void say_left(const struct tshm_check *check, struct tshm_findings *to, const struct tshm_group *g,
		     enum tshm_ipc_role role)
{
	const struct tshm_ripc *first = g->first, *export = first->exporter, *other = export;
	bool made = role == TSHM_IPC_EVENT_EXPORT, piled = g->as_recorded;
	enum fate fate = fate_of(g->image);
	TSHM_AUTO_FREE char *what = things(g, role);
	TSHM_AUTO_FREE char *who = tshm_group_who(g);
	struct tshm_finding *f;

	if (made)
		other = first->handle && first->handle->import_count ? first->handle->imports[0] : NULL;
	f = tshm_finding_add(to, check, piled && fate == ENDED ? TSHM_WARNING : TSHM_NOTE, "%s by %s in %s %s never %s%s",
			     what, tshm_call_name(first->r.call), who, g->amount == 1 ? "was" : "were",
			     role == TSHM_IPC_IMPORT ? "closed" : "destroyed", outcome(fate, piled));
	f->advice = tshm_xstrdup(advice(role));
	tshm_ipc_finding(f, g, first->handle, other ? other->image : NULL, other ? other->r.site : 0,
			 made ? "opened by" : "exported by");
}

/* What one image left, by leaf: as at the end of images in general (at_end.c). */
static void by_leaf(const struct tshm_image *im, enum tshm_ipc_role role, struct tshm_group **left,
		    struct tshm_group **uneven)
{
	struct tshm_group *leaves = NULL;

	for (size_t k = 0; k < im->ipc_count; k++) {
		const struct tshm_ripc *i = &im->ipcs[k];
		uint64_t bytes = role == TSHM_IPC_IMPORT ? tshm_ipc_bytes(i) : 0;
		TSHM_AUTO_FREE char *key = NULL;

		if (!is_left(i, role))
			continue;
		key = tshm_site_key(im, i->r.site, false);
		tshm_group_add(is_uneven(i) ? uneven : &leaves, key, im, i->r.site, i,
			       role == TSHM_IPC_EVENT_EXPORT ? 1 : tshm_ipc_missing(i), bytes);
	}
	for (const struct tshm_group *g = leaves; g; g = g->hh.next) {
		bool piled = g->amount > TSHM_TOLERANCE;
		TSHM_AUTO_FREE char *key = tshm_xasprintf("%s %d %d %s", im->exe, piled, fate_of(im), g->key);

		if (piled || !tshm_ipc_runs(im))	/* what a running process has open it may well close */
			tshm_group_add(left, key, im, g->site, g->first, g->amount, g->bytes)->as_recorded = piled;
	}
	tshm_groups_free(&leaves);
}

void tshm_check_ipc_left(const struct tshm_check *check, const struct tshm_run *run, struct tshm_findings *to,
			 enum tshm_ipc_role role)
{
	struct tshm_group *left = NULL;

	for (size_t i = 0; i < run->image_count; i++) {
		struct tshm_group *uneven = NULL;

		by_leaf(run->images[i], role, &left, &uneven);
		for (const struct tshm_group *g = uneven; g; g = g->hh.next)
			say_uneven(check, to, g);
		tshm_groups_free(&uneven);
	}
	for (const struct tshm_group *g = left; g; g = g->hh.next)
		say_left(check, to, g, role);
	tshm_groups_free(&left);
}
