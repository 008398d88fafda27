/* SPDX-License-Identifier: MIT */
/*
 * The report that a person reads: worst first, each finding with its stack, who
 * holds the object, and one line of advice; notes in one line each unless asked for;
 * the SUMMARY line last, as Valgrind and LeakSanitizer have it.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "out.h"
#include "text.h"
#include "trace.h"
#include "xalloc.h"

static const char *colour_of(const struct tshm_out *o, enum tshm_severity severity)
{
	static const char *const colours[] = { "\033[36m", "\033[33m", "\033[1;31m" };

	return o->colour ? colours[severity] : "";
}

static const char *bold(const struct tshm_out *o)
{
	return o->colour ? "\033[1m" : "";
}

static const char *plain(const struct tshm_out *o)
{
	return o->colour ? "\033[0m" : "";
}

/* Words at the width of the terminal, the following lines indented. */
static void wrapped(const struct tshm_out *o, const char *text, int at, int indent)
{
	int width = o->width > 40 ? o->width : 0;

	while (*text) {
		size_t word = strcspn(text, " ");

		if (width && at > indent && at + (int)word >= width) {
			fprintf(o->to, "\n%*s", indent, "");
			at = indent;
		}
		fwrite(text, 1, word, o->to);
		at += (int)word;
		text += word;
		if (*text == ' ') {
			if (!width || at + 1 < width)
				fputc(' ', o->to);
			at++;
			text++;
		}
	}
	fputc('\n', o->to);
}

static void trace(const struct tshm_out *o, struct tshm_trace *t)
{
	if (t->call)
		fprintf(o->to, "    at %s\n", t->call);
	for (size_t i = 0; i < t->count; i++) {
		TSHM_AUTO_FREE char *line = tshm_trace_line(&t->lines[i]);
		const char *inlined = t->lines[i].inlined ? " [inlined]" : "";

		if (i == t->leaf)
			fprintf(o->to, "    by %s%s%s%s\n", bold(o), line, inlined, plain(o));
		else
			fprintf(o->to, "    by %s%s\n", line, inlined);
	}
	tshm_trace_free(t);
}

/* "python3 (pid 12: fds 5 7, 1 mapping)" for each process that holds the object. */
static void holders(const struct tshm_out *o, const struct tshm_object *object)
{
	const struct tshm_image *shown = NULL;

	for (size_t i = 0; i < object->holder_count; i++) {
		const struct tshm_image *im = object->holders[i]->image;
		size_t fds = 0, mappings = 0;

		if (im == shown || im->state != TSHM_IMAGE_RUNNING)
			continue;
		shown = im;
		TSHM_AUTO_FREE char *exe = tshm_text_escape(tshm_text_base(im->exe));

		fprintf(o->to, "    held by %s (pid %d:", exe, (int)im->header.pid);
		for (size_t j = i; j < object->holder_count; j++) {
			const struct tshm_held *h = object->holders[j];

			if (h->image != im)
				continue;
			if (tshm_kind_by(h->r.kind) == TSHM_BY_DESCRIPTOR)
				fprintf(o->to, "%s%" PRIu64, fds++ ? " " : " fd ", h->r.key);
			else
				mappings++;
		}
		if (mappings)
			fprintf(o->to, "%s%s", fds ? ", " : " ", tshm_text_plural(mappings, "mapping").s);
		fprintf(o->to, ")\n");
	}
	for (size_t i = 0; i < object->outsider_count; i++) {
		TSHM_AUTO_FREE char *exe = tshm_text_escape(object->outsiders[i].exe);

		fprintf(o->to, "    held by %s (pid %d), which is not of this run\n", exe, (int)object->outsiders[i].pid);
	}
}

static void finding(const struct tshm_out *o, const struct tshm_finding *f)
{
	TSHM_AUTO_FREE char *message = tshm_text_escape(f->message);
	TSHM_AUTO_FREE char *advice = tshm_text_escape(f->advice);
	const char *severity = tshm_severity_name(f->severity);
	struct tshm_trace t = tshm_trace_of(o->symbols, f->image, f->site);

	fprintf(o->to, "%s%s %s:%s ", colour_of(o, f->severity), severity, f->check->id, plain(o));
	wrapped(o, message, (int)(strlen(severity) + strlen(f->check->id) + 3), 4);
	trace(o, &t);
	t = f->frame2 ? tshm_trace_of_frame(o->symbols, f->image2, f->frame2) :
			tshm_trace_of(o->symbols, f->image2, f->site2);
	if (t.count) {
		fprintf(o->to, "  %s\n", f->stack2_title ? f->stack2_title : "and");
		trace(o, &t);
	}
	if (f->object)
		holders(o, f->object);
	if (f->advice) {
		fprintf(o->to, "    fix: ");
		wrapped(o, advice, 9, 9);
	}
	fputc('\n', o->to);
}

/* Notes of one rule in one line: "note fd-open-at-exit: 12 findings (-v shows them)". */
static void notes(const struct tshm_out *o)
{
	size_t checks;
	const struct tshm_check *check = tshm_checks(&checks);
	bool any = false;

	for (size_t c = 0; c < checks; c++, check++) {
		size_t count = 0;
		const struct tshm_finding *first = NULL;

		for (size_t i = 0; i < o->findings->count; i++) {
			const struct tshm_finding *f = o->findings->list[i];

			if (f->severity != TSHM_NOTE || f->suppressed_by || f->check != check)
				continue;
			first = first ? first : f;
			count++;
		}
		if (!count)
			continue;
		any = true;
		TSHM_AUTO_FREE char *message = tshm_text_escape(first->message);
		TSHM_AUTO_FREE char *more = count > 1 ?
			tshm_xasprintf(" (and %s more: -v)", tshm_text_plural(count - 1, "note").s) : tshm_xstrdup("");
		TSHM_AUTO_FREE char *whole = tshm_xasprintf("%s%s", message, more);

		fprintf(o->to, "%snote %s:%s ", colour_of(o, TSHM_NOTE), check->id, plain(o));
		wrapped(o, whole, (int)(strlen(check->id) + 7), 4);
	}
	if (any)
		fputc('\n', o->to);
}

static void head(const struct tshm_out *o)
{
	for (size_t i = 0; i < o->run->problem_count; i++) {
		TSHM_AUTO_FREE char *problem = tshm_text_escape(o->run->problems[i]);

		fprintf(o->to, "tshm: %s\n", problem);
	}
	if (o->gate == TSHM_GATE_UNJUDGED && o->why_unjudged)
		fprintf(o->to, "tshm: not judged: %s\n", o->why_unjudged);
}

static void summary(const struct tshm_out *o)
{
	struct tshm_totals n = tshm_totals(o->run, o->findings);

	fprintf(o->to, "SUMMARY: tshm: %s (%" PRIu64 " bytes), %s, %s, %s",
		tshm_text_plural(n.leaked_segments, "leaked segment").s, n.leaked_bytes,
		tshm_text_plural(n.errors, "error").s, tshm_text_plural(n.warnings, "warning").s,
		tshm_text_plural(n.notes, "note").s);
	if (n.suppressed)
		fprintf(o->to, ", %zu suppressed", n.suppressed);
	fprintf(o->to, "; %s\n", tshm_text_plural(o->run->image_count, "program").s);
}

void tshm_out_text(const struct tshm_out *o)
{
	head(o);
	for (size_t i = 0; i < o->findings->count; i++) {
		const struct tshm_finding *f = o->findings->list[i];

		if (!f->suppressed_by && (f->severity > TSHM_NOTE || o->verbose))
			finding(o, f);
	}
	if (!o->verbose)
		notes(o);
	if (o->by != TSHM_BY_FINDING)
		tshm_out_table(o);
	summary(o);
}
