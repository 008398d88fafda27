/* SPDX-License-Identifier: MIT */
/*
 * The report that a person reads: worst first, each finding with its stack, who
 * holds the object, and one line of advice; notes in one line each unless asked for;
 * the SUMMARY line last, as Valgrind and LeakSanitizer have it.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "out.h"
#include "text.h"
#include "trace.h"
#include "xalloc.h"

#define SHOWN_MOST 10		/* findings of one rule and severity, unless all are asked for */
#define HOLDERS_MOST 6		/* processes that hold one object, unless all are asked for */
#define FDS_MOST 8		/* numbers of descriptors, likewise */
#define FOLDED_LEAST 3		/* frames of an interpreter in a row */

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

/* Columns that the UTF-8 bytes take, near enough: one a character. */
static int columns_of(const char *s, size_t bytes)
{
	int columns = 0;

	for (size_t i = 0; i < bytes; i++)
		columns += ((unsigned char)s[i] & 0xc0) != 0x80;
	return columns;
}

/* Words at the width of the terminal, from column `at` on, the following lines indented. */
static void wrapped(const struct tshm_out *o, const char *text, int at, int indent)
{
	int width = o->width > 40 ? o->width : 0;
	size_t spaces = 0;

	while (*text) {
		size_t word = strcspn(text, " ");
		int columns = columns_of(text, word);

		if (width && at > indent && at + (int)spaces + columns > width) {
			fprintf(o->to, "\n%*s", indent, "");
			at = indent;
			spaces = 0;
		}
		fprintf(o->to, "%*s%.*s", (int)spaces, "", (int)word, text);
		at += (int)spaces + columns;
		text += word;
		spaces = strspn(text, " ");
		text += spaces;
	}
	fputc('\n', o->to);
}

static bool has_python(const struct tshm_trace *t)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->lines[i].python)
			return true;
	return false;
}

/*
 * How many lines from i on are an interpreter's.  The first of a stack is always shown, unless
 * the program's own functions are in it: then nobody misses the interpreter's.
 */
static size_t interpreter_lines(const struct tshm_trace *t, size_t i, bool python)
{
	size_t end = i;

	while ((i || python) && end < t->count && tshm_trace_is_interpreter(&t->lines[end]))
		end++;
	return end - i;
}

void tshm_out_trace(const struct tshm_out *o, struct tshm_trace *t, int indent)
{
	bool python = has_python(t);

	if (t->call)
		fprintf(o->to, "%*sat %s\n", indent, "", t->call);
	for (size_t i = 0; i < t->count; i++) {
		size_t folded = o->verbose ? 0 : interpreter_lines(t, i, python);
		TSHM_AUTO_FREE char *line = NULL;

		if (folded && python) {
			i += folded - 1;
			continue;
		}
		if (folded >= FOLDED_LEAST) {
			TSHM_AUTO_FREE char *module = tshm_text_escape(tshm_text_base(t->lines[i].module));

			fprintf(o->to, "%*s... %zu frames in %s (-v shows them)\n", indent, "", folded, module);
			i += folded - 1;
			continue;
		}
		line = tshm_trace_line(&t->lines[i]);
		fprintf(o->to, "%*s%s %s%s%s%s\n", indent, "", i || t->call ? "by" : "at", i == t->leaf ? bold(o) : "",
			line, t->lines[i].inlined ? " (inlined)" : "", i == t->leaf ? plain(o) : "");
	}
	tshm_trace_free(t);
}

/* "fds 5 7, 1 mapping": what the image holds of the object. */
static void what_is_held(const struct tshm_out *o, const struct tshm_object *object, const struct tshm_image *im)
{
	size_t fds = 0, others = 0;
	bool many;

	for (size_t i = 0; i < object->holder_count; i++)
		fds += object->holders[i]->image == im && tshm_kind_by(object->holders[i]->r.kind) == TSHM_BY_DESCRIPTOR;
	many = fds > FDS_MOST && !o->verbose;
	if (many)
		fprintf(o->to, ", %s", tshm_text_plural(fds, "fd").s);
	else if (fds)
		fprintf(o->to, ", fd%s", fds > 1 ? "s" : "");
	for (size_t i = 0; i < object->holder_count; i++) {
		const struct tshm_held *h = object->holders[i];

		if (h->image != im)
			continue;
		if (tshm_kind_by(h->r.kind) != TSHM_BY_DESCRIPTOR)
			others++;
		else if (!many)
			fprintf(o->to, " %" PRIu64, h->r.key);
	}
	if (others)
		fprintf(o->to, ", %s", tshm_text_plural(others, "mapping").s);
}

static bool is_first_of_image(const struct tshm_object *object, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (object->holders[j]->image == object->holders[i]->image)
			return false;
	return true;
}

/* Who holds the object now, one process a line. */
static void holders(const struct tshm_out *o, const struct tshm_object *object)
{
	size_t shown = 0, most = o->verbose ? SIZE_MAX : HOLDERS_MOST;

	for (size_t i = 0; i < object->holder_count; i++) {
		const struct tshm_image *im = object->holders[i]->image;
		TSHM_AUTO_FREE char *exe = NULL;

		if (im->state != TSHM_IMAGE_RUNNING || !is_first_of_image(object, i) || shown++ >= most)
			continue;
		exe = tshm_text_escape(tshm_text_base(im->exe));
		fprintf(o->to, "    held by: %s (pid %d", exe, (int)im->header.pid);
		what_is_held(o, object, im);
		fprintf(o->to, "%s)\n", object->holders[i]->as_recorded ? ", as last recorded" : "");
	}
	for (size_t i = 0; i < object->outsider_count; i++) {
		TSHM_AUTO_FREE char *exe = NULL;

		if (shown++ >= most)
			continue;
		exe = tshm_text_escape(object->outsiders[i].exe);
		fprintf(o->to, "    held by: %s (pid %d), which is not of this run\n", exe,
			(int)object->outsiders[i].pid);
	}
	if (shown > most)
		fprintf(o->to, "    held by: %s more (-v shows them)\n", tshm_text_plural(shown - most, "process").s);
}

static void second_stack(const struct tshm_out *o, const struct tshm_finding *f)
{
	struct tshm_trace t = tshm_trace_of_second(o->symbols, f);

	if (t.count) {
		TSHM_AUTO_FREE char *title = tshm_text_escape(f->stack2_title ? f->stack2_title : "and");

		fprintf(o->to, "  %s\n", title);
	}
	tshm_out_trace(o, &t, 4);
}

/* Findings that have nothing but a message share the line of advice with the next. */
static bool is_bare(const struct tshm_finding *f)
{
	return !f->site && !f->image2 && !(f->object && f->object->holder_count + f->object->outsider_count);
}

static bool shares_advice(const struct tshm_finding *f, const struct tshm_finding *next)
{
	return next && is_bare(f) && is_bare(next) && f->check == next->check && f->severity == next->severity &&
	       !strcmp(f->advice ? f->advice : "", next->advice ? next->advice : "");
}

static void finding(const struct tshm_out *o, const struct tshm_finding *f, const struct tshm_finding *next)
{
	TSHM_AUTO_FREE char *message = tshm_text_escape(f->message);
	TSHM_AUTO_FREE char *advice = tshm_text_escape(f->advice);
	const char *severity = tshm_severity_name(f->severity);
	struct tshm_trace t = tshm_trace_of(o->symbols, f->image, f->site);

	fprintf(o->to, "%s%s %s:%s ", colour_of(o, f->severity), severity, f->check->id, plain(o));
	wrapped(o, message, (int)(strlen(severity) + strlen(f->check->id) + 3), 4);
	tshm_out_trace(o, &t, 4);
	second_stack(o, f);
	if (f->object)
		holders(o, f->object);
	if (shares_advice(f, next))
		return;
	if (f->advice) {
		fprintf(o->to, "    fix: ");
		wrapped(o, advice, 9, 9);
	}
	fputc('\n', o->to);
}

char *tshm_out_finding_text(const struct tshm_out *o, const struct tshm_finding *f)
{
	struct tshm_out out = *o;
	char *text = NULL;
	size_t size;

	out.to = open_memstream(&text, &size);
	if (!out.to)
		tshm_out_failed("text of a finding");
	out.colour = false;
	out.width = 0;
	finding(&out, f, NULL);
	if (fclose(out.to) != 0)
		tshm_out_failed("text of a finding");
	while (size && text[size - 1] == '\n')
		text[--size] = 0;
	return text;
}

static bool is_shown(const struct tshm_out *o, const struct tshm_finding *f)
{
	return !f->suppressed_by && !f->known && (f->severity > TSHM_NOTE || o->verbose);
}

/* Errors and warnings (and notes, if all is asked for): the first of each rule in full, of the others how many. */
static void findings(const struct tshm_out *o)
{
	size_t checks, total = o->findings->count, kept = 0;
	const struct tshm_check *check = tshm_checks(&checks);
	size_t *seen = tshm_xcalloc(checks * 3, sizeof(*seen));
	const struct tshm_finding **list = tshm_xcalloc(total + 1, sizeof(*list));

	for (size_t i = 0; i < total; i++) {
		const struct tshm_finding *f = o->findings->list[i];

		if (is_shown(o, f) && (seen[(size_t)(f->check - check) * 3 + f->severity]++ < SHOWN_MOST || o->verbose))
			list[kept++] = f;
	}
	for (size_t i = 0; i < kept; i++)
		finding(o, list[i], list[i + 1]);
	for (size_t i = 0; i < checks * 3 && !o->verbose; i++) {
		enum tshm_severity severity = (enum tshm_severity)(i % 3);

		if (seen[i] <= SHOWN_MOST)
			continue;
		fprintf(o->to, "%s%s %s:%s and %zu more like these (-v shows them)\n\n", colour_of(o, severity),
			tshm_severity_name(severity), check[i / 3].id, plain(o), seen[i] - SHOWN_MOST);
	}
	free(list);
	free(seen);
}

/* Notes of one rule in short: the first, who holds its object, and how many more there are. */
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

			if (f->severity != TSHM_NOTE || f->suppressed_by || f->known || f->check != check)
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
		if (first->object)
			holders(o, first->object);
	}
	if (any)
		fputc('\n', o->to);
}

/* Which run this is: who did not name one should know what was taken. */
static void which_run(const struct tshm_out *o, const struct tshm_run *r, uint64_t started_wall, uint64_t ended_wall)
{
	TSHM_AUTO_FREE char *path = tshm_text_escape(r->path), *host = tshm_text_escape(r->host);
	time_t started = (time_t)(started_wall / 1000000000u);
	struct tm tm;
	char when[64] = "at an unknown time";

	if (started_wall && localtime_r(&started, &tm))
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
	fprintf(o->to, "tshm: run %s", path);
	if (o->run->part_count > 1 && r->host)
		fprintf(o->to, " on %s", host);
	for (int i = 0; i < r->command_count; i++) {
		TSHM_AUTO_FREE char *word = tshm_text_quote(r->command[i]);
		TSHM_AUTO_FREE char *escaped = tshm_text_escape(word);

		fprintf(o->to, "%s%s", i ? " " : ": ", escaped);
	}
	fprintf(o->to, ", started %s, ", when);
	if (ended_wall > started_wall)
		fprintf(o->to, "ended after %s\n", tshm_text_duration(ended_wall - started_wall).s);
	else
		fprintf(o->to, "%s\n", ended_wall ? "ended" : "still runs");
}

/* Of several runs it is told which they are, however they were named. */
static void which_runs(const struct tshm_out *o)
{
	const struct tshm_run *r = o->run;

	for (size_t i = 0; i < r->part_count && r->part_count > 1; i++)
		which_run(o, r->parts[i], r->parts[i]->started_wall, r->parts[i]->ended_wall);
	if (r->part_count <= 1)
		which_run(o, r, r->started_wall, r->ended_wall);
	fputc('\n', o->to);
}

/* What could not be read or judged comes first: it may be why something is not here. */
static void head(const struct tshm_out *o)
{
	if (o->tell_run || o->verbose || o->run->part_count > 1)
		which_runs(o);
	for (size_t i = 0; i < o->run->problem_count; i++) {
		TSHM_AUTO_FREE char *problem = tshm_text_escape(o->run->problems[i]);

		fprintf(o->to, "tshm: %s\n", problem);
	}
	if (o->gate == TSHM_GATE_UNJUDGED && o->why)
		fprintf(o->to, "tshm: not judged: %s\n", o->why);
}

/* What a user's file suppresses in vain hides the next fault: it is told, so that somebody removes it. */
static void unused_suppressions(const struct tshm_out *o)
{
	bool any = false;

	for (size_t i = 0; o->suppressions && i < o->suppressions->count; i++) {
		const struct tshm_suppression *s = &o->suppressions->list[i];
		TSHM_AUTO_FREE char *file = tshm_text_escape(s->file), *line = tshm_text_escape(s->line);

		if (s->used || !s->asked)
			continue;
		fprintf(o->to, "%s:%u: unused suppression %s\n", file, s->number, line);
		any = true;
	}
	if (any)
		fputc('\n', o->to);
}

#define GONE_MOST 10

/* What is gone from the baseline was repaired, or did not come to pass: the next baseline is better without it. */
static void gone(const struct tshm_out *o)
{
	size_t count = tshm_baseline_gone(o->baseline), shown = 0;

	if (!count)
		return;
	fprintf(o->to, "tshm: %s of the baseline %s gone; --write-baseline writes it without\n",
		tshm_text_plural(count, "finding").s, count == 1 ? "is" : "are");
	for (size_t i = 0; i < o->baseline->count; i++) {
		const struct tshm_baseline_row *row = &o->baseline->rows[i];
		TSHM_AUTO_FREE char *rule = tshm_text_escape(row->rule), *place = tshm_text_escape(row->place);

		if (!row->there && (shown++ < GONE_MOST || o->verbose))
			fprintf(o->to, "    gone: %s: %s\n", rule, place);
	}
	if (shown > GONE_MOST && !o->verbose)
		fprintf(o->to, "    and %zu more (-v shows them)\n", shown - GONE_MOST);
	fputc('\n', o->to);
}

static void gate(const struct tshm_out *o)
{
	TSHM_AUTO_FREE char *why = tshm_text_escape(o->why);

	if (o->gated)
		fprintf(o->to, "gate: %s%s%s\n", tshm_gate_name(o->gate), o->why ? ": " : "", why);
}

void tshm_out_summary(const struct tshm_out *o)
{
	struct tshm_totals totals = tshm_totals(o->findings), *n = &totals;

	fprintf(o->to, "SUMMARY: tshm: %s (%s), %s, %s, %s",
		tshm_text_plural(n->leaked_segments, "leaked segment").s, tshm_text_plural(n->leaked_bytes, "byte").s,
		tshm_text_plural(n->errors, "error").s, tshm_text_plural(n->warnings, "warning").s,
		tshm_text_plural(n->notes, "note").s);
	if (n->suppressed)
		fprintf(o->to, ", %zu suppressed", n->suppressed);
	if (n->known)
		fprintf(o->to, ", %zu known", n->known);
	fprintf(o->to, "; %s", tshm_text_plural(tshm_out_processes(o->run), "process").s);
	if (tshm_out_running(o->run))
		fprintf(o->to, ", %zu still running", tshm_out_running(o->run));
	fputc('\n', o->to);
}

void tshm_out_text(const struct tshm_out *o)
{
	struct tshm_totals n = tshm_totals(o->findings);

	head(o);
	findings(o);
	if (!o->verbose)
		notes(o);
	if (o->holders)
		tshm_out_holders(o);
	if (o->by != TSHM_BY_FINDING)
		tshm_out_table(o);
	if (o->by != TSHM_BY_PROCESS && (n.errors || n.warnings || o->verbose))
		tshm_out_odd_processes(o);
	unused_suppressions(o);
	gone(o);
	gate(o);
	tshm_out_summary(o);
}
