/* SPDX-License-Identifier: MIT */
/*
 * --format=junit: what Jenkins and GitLab show as tests (tests/schema/junit.xsd).  A case for each finding,
 * named as it is from run to run, so that they can tell what is new; one for each rule that found
 * nothing; and one for the gate.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "fingerprint.h"
#include "out.h"
#include "source.h"
#include "trace.h"
#include "xalloc.h"
#include <uthash.h>

/* Of escaped text: no controls but newlines, valid UTF-8. */
static void xml(FILE *to, const char *text)
{
	for (; *text; text++)
		switch (*text) {
		case '&': fputs("&amp;", to); break;
		case '<': fputs("&lt;", to); break;
		case '>': fputs("&gt;", to); break;
		case '"': fputs("&quot;", to); break;
		case '\'': fputs("&apos;", to); break;
		default: fputc(*text, to);
		}
}

static void attribute(FILE *to, const char *name, const char *text)
{
	TSHM_AUTO_FREE char *escaped = tshm_text_escape(text);

	fprintf(to, " %s=\"", name);
	xml(to, escaped);
	fputc('"', to);
}

static bool fails(const struct tshm_out *o, const struct tshm_finding *f)
{
	return o->policy ? tshm_gate_blames(o->policy, o->broken, f) : false;
}

/* A name that came before would be taken for the same case: the second of a name is "NAME (2)". */
struct name {
	char *text;
	size_t count;
	UT_hash_handle hh;
};

static char *unique(struct name **names, const char *text)
{
	struct name *n;

	HASH_FIND_STR(*names, text, n);
	if (!n) {
		n = tshm_xcalloc(1, sizeof(*n));
		n->text = tshm_xstrdup(text);
		HASH_ADD_KEYPTR(hh, *names, n->text, strlen(n->text), n);
	}
	return ++n->count > 1 ? tshm_xasprintf("%s (%zu)", text, n->count) : tshm_xstrdup(text);
}

static char *name_of(const struct tshm_out *o, const struct tshm_finding *f)
{
	struct tshm_fingerprint p = tshm_fingerprint_of(o->symbols, f);
	TSHM_AUTO_FREE char *place = tshm_fingerprint_place(&p);
	char *name = p.depth && p.what[0] ? tshm_xasprintf("%s: %s", place, p.what) : tshm_xstrdup(place);

	tshm_fingerprint_free(&p);
	return name;
}

static void source(const struct tshm_out *o, const struct tshm_finding *f)
{
	struct tshm_trace t = tshm_trace_of(o->symbols, f->image, f->site);
	const struct tshm_line *l = tshm_source_line(&t);

	if (l) {
		struct tshm_source s = tshm_source_of(o->source_root, l->file);

		attribute(o->to, "file", s.path);
		fprintf(o->to, " line=\"%u\"", l->line);
		free(s.path);
	}
	tshm_trace_free(&t);
}

static void finding(const struct tshm_out *o, const struct tshm_finding *f, struct name **names)
{
	TSHM_AUTO_FREE char *text = tshm_out_finding_text(o, f);
	TSHM_AUTO_FREE char *class = tshm_xasprintf("tshm.%s", f->check->id);
	/* Together with the class: the same place may have findings of several rules. */
	TSHM_AUTO_FREE char *plain = name_of(o, f);
	TSHM_AUTO_FREE char *whole = tshm_xasprintf("%s\n%s", f->check->id, plain);
	TSHM_AUTO_FREE char *told = unique(names, whole);

	fprintf(o->to, "  <testcase");
	attribute(o->to, "classname", class);
	attribute(o->to, "name", strchr(told, '\n') + 1);
	source(o, f);
	fprintf(o->to, " time=\"0\">\n");
	if (f->suppressed_by || f->known) {
		fprintf(o->to, "   <skipped");
		attribute(o->to, "message", f->suppressed_by ? f->suppressed_by : "known: the baseline has it");
		fprintf(o->to, "/>\n");
	} else if (fails(o, f)) {
		fprintf(o->to, "   <failure");
		attribute(o->to, "message", f->message);
		attribute(o->to, "type", tshm_severity_name(f->severity));
		fputc('>', o->to);
		xml(o->to, text);
		fprintf(o->to, "</failure>\n");
	}
	fprintf(o->to, "   <system-out>");
	xml(o->to, text);
	fprintf(o->to, "</system-out>\n  </testcase>\n");
}

/* Cases that pass: without any, a clean run would be one without tests, which is an error to Jenkins. */
static size_t clean_rules(const struct tshm_out *o, bool write)
{
	size_t checks, clean = 0;
	const struct tshm_check *check = tshm_checks(&checks);

	for (size_t c = 0; c < checks; c++) {
		size_t i = 0;

		while (i < o->findings->count && o->findings->list[i]->check != &check[c])
			i++;
		if (i < o->findings->count)
			continue;
		clean++;
		if (write)
			fprintf(o->to, "  <testcase classname=\"tshm.%s\" name=\"nothing found\" time=\"0\"/>\n", check[c].id);
	}
	return clean;
}

static void gate(const struct tshm_out *o)
{
	const char *word = o->gate == TSHM_GATE_FAIL ? "failure" : "error";

	fprintf(o->to, "  <testcase classname=\"tshm\" name=\"gate\" time=\"0\"");
	if (o->gate == TSHM_GATE_PASS) {
		fprintf(o->to, "/>\n");
		return;
	}
	fprintf(o->to, ">\n   <%s", word);
	attribute(o->to, "message", o->why);
	fprintf(o->to, " type=\"%s\"/>\n  </testcase>\n", tshm_gate_name(o->gate));
}

/* The counts that both elements have. */
static void counts(const struct tshm_out *o)
{
	size_t failures = o->gate == TSHM_GATE_FAIL, skipped = 0;
	uint64_t ns = o->run->ended_wall > o->run->started_wall ? o->run->ended_wall - o->run->started_wall : 0;

	for (size_t i = 0; i < o->findings->count; i++) {
		const struct tshm_finding *f = o->findings->list[i];

		skipped += f->suppressed_by || f->known;
		failures += !f->suppressed_by && !f->known && fails(o, f);
	}
	fprintf(o->to, " tests=\"%zu\" failures=\"%zu\" errors=\"%d\" skipped=\"%zu\" time=\"%" PRIu64 ".%03u\"",
		o->findings->count + clean_rules(o, false) + 1, failures, o->gate == TSHM_GATE_UNJUDGED, skipped,
		ns / 1000000000u, (unsigned)(ns / 1000000u % 1000u));
}

void tshm_out_junit(const struct tshm_out *o)
{
	struct tshm_text started = tshm_out_time(o->run->started_wall);
	struct name *names = NULL, *n, *next;

	fprintf(o->to, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"tshm\"");
	counts(o);
	fprintf(o->to, ">\n <testsuite name=\"tshm\"");
	counts(o);
	attribute(o->to, "hostname", o->run->host);
	if (started.s[0])
		attribute(o->to, "timestamp", started.s);
	fprintf(o->to, ">\n  <properties>\n   <property name=\"run\"");
	attribute(o->to, "value", o->run->path);
	fprintf(o->to, "/>\n  </properties>\n");
	for (size_t i = 0; i < o->findings->count; i++)
		finding(o, o->findings->list[i], &names);
	clean_rules(o, true);
	gate(o);
	fprintf(o->to, " </testsuite>\n</testsuites>\n");
	HASH_ITER(hh, names, n, next) {
		HASH_DEL(names, n);
		free(n->text);
		free(n);
	}
}
