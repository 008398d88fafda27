/* SPDX-License-Identifier: MIT */
/*
 * --holders, for people: each process that holds something shared, what, and where its
 * threads stand; threads that stand at the same place are told of once.
 */
#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "holders.h"
#include "out.h"
#include "text.h"
#include "trace.h"

#define OBJECTS_MOST 3		/* objects of one process, unless all are asked for */
#define STACKS_MOST 8		/* stacks of one process, likewise */

static const char *state_name(char state)
{
	switch (state) {
	case 'R': return "running";
	case 'S': return "sleeping";
	case 'D': return "in the kernel";
	case 'T': return "stopped";
	case 't': return "traced";
	case 'Z': return "ended";
	case 'I': return "idle";
	default: return "?";
	}
}

static void objects(const struct tshm_out *o, const struct tshm_holder *h)
{
	size_t most = o->verbose ? SIZE_MAX : OBJECTS_MOST;

	for (size_t i = 0; i < h->object_count && i < most; i++) {
		const struct tshm_object *object = h->objects[i];
		TSHM_AUTO_FREE char *name = tshm_text_escape(object->name);

		fprintf(o->to, "%s %s%s%s (%s)", i ? "," : "", tshm_out_kind(object), *name ? " " : "", name,
			tshm_text_size(object->size).s);
	}
	if (h->object_count > most)
		fprintf(o->to, " and %zu more", h->object_count - most);
}

/* ---- stacks ---- */

static bool is_alike(const struct tshm_stand *a, const struct tshm_stand *b)
{
	if (a->depth != b->depth || a->error != b->error || a->state != b->state)
		return false;
	for (unsigned i = 0; i < a->depth; i++)
		if (a->frames[i].where != b->frames[i].where || a->frames[i].u.offset != b->frames[i].u.offset)
			return false;
	return true;
}

/* Of the run-time library's own frames the one that the program called is left; ours are nobody's. */
static void trim(struct tshm_trace *t)
{
	size_t kept = 0, from = 0, leaf = t->leaf;

	for (size_t i = 0; i < t->count; i++) {
		const char *module = t->lines[i].module;

		if (module && i + 1 < t->count && !fnmatch("libtshm.so*", tshm_text_base(module), 0)) {
			leaf -= i < t->leaf;
			continue;
		}
		t->lines[kept++] = t->lines[i];
	}
	from = leaf ? leaf - 1 : 0;
	t->count = kept - from;
	t->leaf = leaf - from;
	memmove(t->lines, t->lines + from, t->count * sizeof(*t->lines));
}

static void stack(const struct tshm_out *o, const struct tshm_threads *all, const struct tshm_stand *s)
{
	struct tshm_trace t;

	if (s->error == EBUSY || s->error == ETIMEDOUT)
		fprintf(o->to, "      %s\n", s->state == 'Z' ? "it has ended; the process goes on without it" :
				"it cannot be stopped now, the kernel is at work for it");
	else if (s->error || !s->depth)
		fprintf(o->to, "      not known: %s\n", s->error ? strerror(s->error) : "its stack cannot be read");
	else {
		t = tshm_trace_of_frames(o->symbols, &all->now, s->frames, s->depth);
		if (!o->verbose)
			trim(&t);
		tshm_out_trace(o, &t, 6);
	}
}

/* "thread 4711 (python3), sleeping", "12 threads (4712 pt_pin_memory first), sleeping" */
static void title(const struct tshm_out *o, const struct tshm_threads *all, size_t first, const bool *alike)
{
	const struct tshm_stand *s = &all->list[first];
	TSHM_AUTO_FREE char *name = tshm_text_escape(s->name);
	size_t count = 1;

	for (size_t i = first + 1; i < all->count; i++)
		count += alike[i];
	if (count == 1)
		fprintf(o->to, "    thread %d (%s), %s\n", (int)s->tid, name, state_name(s->state));
	else
		fprintf(o->to, "    %zu threads (%d %s first), %s\n", count, (int)s->tid, name, state_name(s->state));
}

static void threads(const struct tshm_out *o, const struct tshm_threads *all)
{
	bool *told = tshm_xcalloc(all->count + 1, sizeof(*told)), *alike = tshm_xcalloc(all->count + 1, sizeof(*alike));
	size_t stacks = 0, untold = 0;

	for (size_t i = 0; i < all->count; i++) {
		if (told[i])
			continue;
		if (++stacks > STACKS_MOST && !o->verbose) {
			untold++;
			continue;
		}
		for (size_t k = i + 1; k < all->count; k++) {
			alike[k] = !told[k] && is_alike(&all->list[i], &all->list[k]);
			told[k] = told[k] || alike[k];
		}
		title(o, all, i, alike);
		stack(o, all, &all->list[i]);
	}
	if (untold)
		fprintf(o->to, "    %s more that stand elsewhere (-v shows them)\n", tshm_text_plural(untold, "thread").s);
	if (all->total > all->count)
		fprintf(o->to, "    %s more%s\n", tshm_text_plural(all->total - all->count, "thread").s,
			all->count < all->total ? " that were not looked at" : "");
	if (all->cut)
		fprintf(o->to, "    not all could be looked at: it took too long\n");
	if (o->verbose)
		fprintf(o->to, "    (held for %.2f ms at most)\n", (double)all->held_ns / 1e6);
	free(told);
	free(alike);
}

void tshm_out_holders(const struct tshm_out *o)
{
	const struct tshm_holder *h = o->holders->first;

	fprintf(o->to, "%s\n", h ? "where the holders stand now:" : "holders: no process that runs holds anything shared");
	for (; h; h = h->hh.next) {
		TSHM_AUTO_FREE char *exe = tshm_text_escape(tshm_text_base(h->exe));

		fprintf(o->to, "  %s (pid %d%s) holds", exe, (int)h->pid, h->image ? "" : ", not of this run");
		objects(o, h);
		fputc('\n', o->to);
		if (h->denied)
			fprintf(o->to, "    not known: %s\n", h->denied);
		else
			threads(o, &h->threads);
	}
	fputc('\n', o->to);
}
