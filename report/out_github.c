/* SPDX-License-Identifier: MIT */
/*
 * --format=github: one line a finding that GitHub Actions shows at its place in the sources.  Whoever may
 * write such lines may command the runner: nothing of a program gets into one but as data.
 */
#include <string.h>

#include "out.h"
#include "source.h"
#include "xalloc.h"

/* Data of a command; of a property, : and , end it. */
static void data(FILE *to, const char *text, bool property)
{
	for (; *text; text++)
		if (strchr(property ? "%\r\n:," : "%\r\n", *text))
			fprintf(to, "%%%02X", (unsigned char)*text);
		else
			fputc(*text, to);
}

static void place(const struct tshm_out *o, const struct tshm_finding *f)
{
	struct tshm_trace t = tshm_trace_of(o->symbols, f->image, f->site);
	const struct tshm_line *l = tshm_source_line(&t);

	if (l) {
		struct tshm_source s = tshm_source_of(o->source_root, l->file);
		TSHM_AUTO_FREE char *path = tshm_text_escape(s.path);

		fprintf(o->to, "file=");
		data(o->to, path, true);
		fprintf(o->to, ",line=%u,", l->line);
		tshm_cleanup_free(&s.path);
	}
	tshm_trace_free(&t);
}

static void annotation(const struct tshm_out *o, const struct tshm_finding *f)
{
	static const char *const words[] = { [TSHM_NOTE] = "notice", [TSHM_WARNING] = "warning", [TSHM_ERROR] = "error" };
	TSHM_AUTO_FREE char *text = tshm_out_finding_text(o, f);
	const char *message = strchr(text, ':');

	fprintf(o->to, "::%s ", words[f->severity]);
	place(o, f);
	fprintf(o->to, "title=tshm %s::", f->check->id);
	/* Severity and rule, which the text begins with, are told already. */
	data(o->to, message ? message + 2 : text, false);
	fputc('\n', o->to);
}

void tshm_out_github(const struct tshm_out *o)
{
	for (size_t i = 0; i < o->findings->count; i++) {
		const struct tshm_finding *f = o->findings->list[i];

		if (f->suppressed_by || f->known)
			continue;
		/* GitHub shows few of a kind: notes only where they matter. */
		if (f->severity > TSHM_NOTE || o->verbose || (o->policy && tshm_gate_blames(o->policy, o->broken, f)))
			annotation(o, f);
	}
	if (o->gated && o->gate != TSHM_GATE_PASS) {
		TSHM_AUTO_FREE char *why = tshm_text_escape(o->why);

		fprintf(o->to, "::error title=tshm gate::%s: ", tshm_gate_name(o->gate));
		data(o->to, why, false);
		fputc('\n', o->to);
	}
	tshm_out_summary(o);
}
