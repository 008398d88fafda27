/* SPDX-License-Identifier: MIT */
/*
 * Baselines: {"schema":"tshm-baseline/1","findings":[...]}, a finding a line, sorted, and with nothing in
 * it that changes from run to run, so that a difference of two files is what changed.
 */
#include "baseline.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fingerprint.h"
#include "progress.h"
#include "text.h"
#include "xalloc.h"

#define SCHEMA "tshm-baseline/1"
#define SIZE_MOST (64u << 20)		/* who names a larger file has named the wrong one */

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct tshm_baseline_row *)a)->key, ((const struct tshm_baseline_row *)b)->key);
}

/* ---- reading ---- */

static const char *string_of(const json_t *row, const char *key)
{
	const char *s = json_string_value(json_object_get(row, key));

	return s ? s : "";
}

/* A row's fingerprint in the shape that findings have theirs; its strings are the row's. */
static bool take_row(struct tshm_baseline *b, const json_t *row)
{
	const json_t *where = json_object_get(row, "where"), *item;
	struct tshm_fingerprint p = { .rule = string_of(row, "rule"), .program = (char *)string_of(row, "program"),
				      .what = (char *)string_of(row, "what") };
	struct tshm_baseline_row *new;
	enum tshm_severity severity;
	size_t i;

	if (!p.rule[0] || !tshm_severity_of(string_of(row, "severity"), &severity))
		return false;
	if (where && (!json_is_array(where) || json_array_size(where) > TSHM_FINGERPRINT_DEPTH))
		return false;
	json_array_foreach(where, i, item) {
		if (!json_is_string(item))
			return false;
		p.where[p.depth++] = (char *)json_string_value(item);
	}
	TSHM_GROW(b->rows, b->count, b->capacity);
	new = &b->rows[b->count++];
	*new = (struct tshm_baseline_row){ .key = tshm_fingerprint_key(&p), .rule = tshm_xstrdup(p.rule),
					   .place = tshm_fingerprint_place(&p), .severity = severity };
	return true;
}

static char *take(struct tshm_baseline *b, const json_t *root)
{
	const char *schema = json_string_value(json_object_get(root, "schema"));
	const json_t *rows = json_object_get(root, "findings"), *row;
	size_t i;

	if (!schema || strcmp(schema, SCHEMA) != 0)
		return tshm_xasprintf("%s: no baseline (no schema \"" SCHEMA "\")", b->file);
	if (!json_is_array(rows))
		return tshm_xasprintf("%s: it has no findings", b->file);
	json_array_foreach(rows, i, row)
		if (!take_row(b, row))
			return tshm_xasprintf("%s: finding %zu is none: rule, severity, program, where, what", b->file, i + 1);
	if (b->count)
		qsort(b->rows, b->count, sizeof(*b->rows), by_key);
	return NULL;
}

struct tshm_baseline *tshm_baseline_read(const char *file, char **error)
{
	TSHM_AUTO_FILE FILE *f = fopen(file, "re");
	struct tshm_baseline *b;
	struct stat st;
	json_error_t where;
	json_t *root;

	*error = NULL;
	if (!f || fstat(fileno(f), &st) != 0) {
		*error = tshm_xasprintf("cannot read the baseline %s: %s", file, strerror(errno));
		return NULL;
	}
	if (!S_ISREG(st.st_mode) || st.st_size > SIZE_MOST) {
		*error = tshm_xasprintf("cannot read the baseline %s: not a regular file of a sensible size", file);
		return NULL;
	}
	root = json_loadf(f, JSON_REJECT_DUPLICATES, &where);
	if (!root) {
		*error = tshm_xasprintf("%s:%d: no baseline: %s", file, where.line, where.text);
		return NULL;
	}
	b = tshm_xcalloc(1, sizeof(*b));
	b->file = tshm_xstrdup(file);
	*error = take(b, root);
	json_decref(root);
	if (!*error)
		return b;
	tshm_baseline_free(b);
	return NULL;
}

void tshm_baseline_free(struct tshm_baseline *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < b->count; i++) {
		free(b->rows[i].key);
		free(b->rows[i].rule);
		free(b->rows[i].place);
	}
	free(b->rows);
	free(b->file);
	free(b);
}

/* ---- findings ---- */

static struct tshm_baseline_row *find(struct tshm_baseline *b, const struct tshm_finding *f, struct tshm_symbols *symbols)
{
	struct tshm_fingerprint p = tshm_fingerprint_of(symbols, f);
	struct tshm_baseline_row row = { .key = tshm_fingerprint_key(&p) }, *found;

	found = b->count ? bsearch(&row, b->rows, b->count, sizeof(row), by_key) : NULL;
	free(row.key);
	tshm_fingerprint_free(&p);
	return found;
}

void tshm_baseline_apply(struct tshm_baseline *b, const struct tshm_findings *found, struct tshm_symbols *symbols)
{
	for (size_t i = 0; i < found->count; i++) {
		struct tshm_finding *f = found->list[i];
		struct tshm_baseline_row *row;

		tshm_progress("comparing with the baseline", i, found->count);
		row = find(b, f, symbols);
		if (!row)
			continue;
		row->there = true;
		/* What was a note, and is an error now, is new. */
		f->known = f->severity <= row->severity;
	}
}

size_t tshm_baseline_gone(const struct tshm_baseline *b)
{
	size_t gone = 0;

	for (size_t i = 0; b && i < b->count; i++)
		gone += !b->rows[i].there;
	return gone;
}

/* ---- writing ---- */

/* A finding's line, without what is empty. */
static char *line_of(const struct tshm_fingerprint *p, enum tshm_severity severity)
{
	json_t *row = json_object(), *where = json_array();
	char *line;

	for (size_t i = 0; i < p->depth; i++)
		json_array_append_new(where, json_string(p->where[i]));
	json_object_set_new(row, "rule", json_string(p->rule));
	json_object_set_new(row, "severity", json_string(tshm_severity_name(severity)));
	json_object_set_new(row, "program", json_string(p->program));
	json_object_set_new(row, "where", where);
	json_object_set_new(row, "what", json_string(p->what));
	line = json_dumps(row, 0);
	json_decref(row);
	return line ? line : tshm_xstrdup("null");
}

/* Rows to write: place is the line. */
static struct tshm_baseline_row *rows_of(const struct tshm_findings *found, struct tshm_symbols *symbols, size_t *count)
{
	struct tshm_baseline_row *rows = tshm_xcalloc(found->count + 1, sizeof(*rows));

	*count = 0;
	for (size_t i = 0; i < found->count; i++) {
		const struct tshm_finding *f = found->list[i];
		struct tshm_fingerprint p;

		if (f->suppressed_by)
			continue;
		p = tshm_fingerprint_of(symbols, f);
		rows[(*count)++] = (struct tshm_baseline_row){ .key = tshm_fingerprint_key(&p), .severity = f->severity,
							       .place = line_of(&p, f->severity) };
		tshm_fingerprint_free(&p);
	}
	return rows;
}

static int by_key_and_worst(const void *a, const void *b)
{
	const struct tshm_baseline_row *x = a, *y = b;
	int order = by_key(a, b);

	return order ? order : (int)y->severity - (int)x->severity;
}

static void write_rows(FILE *f, struct tshm_baseline_row *rows, size_t count)
{
	bool first = true;

	if (count)
		qsort(rows, count, sizeof(*rows), by_key_and_worst);
	fprintf(f, "{\n\"schema\": \"" SCHEMA "\",\n\"findings\": [");
	for (size_t i = 0; i < count; i++) {
		if (i && !strcmp(rows[i].key, rows[i - 1].key))
			continue;
		fprintf(f, "%s\n%s", first ? "" : ",", rows[i].place);
		first = false;
	}
	fprintf(f, "\n]\n}\n");
}

/* A plain file is replaced at once, so that nobody reads half of one; what else has the name is written to, and stays. */
static int open_to_write(const char *file, const char *temporary, bool *replaces)
{
	struct stat st;

	*replaces = lstat(file, &st) != 0 || S_ISREG(st.st_mode);
	return open(*replaces ? temporary : file, O_WRONLY | O_CREAT | (*replaces ? O_EXCL : O_TRUNC) | O_CLOEXEC, 0666);
}

bool tshm_baseline_write(const char *file, const struct tshm_findings *found, struct tshm_symbols *symbols, char **error)
{
	TSHM_AUTO_FREE char *temporary = tshm_xasprintf("%s.%d.new", file, (int)getpid());
	size_t count;
	struct tshm_baseline_row *rows = rows_of(found, symbols, &count);
	bool replaces;
	int fd = open_to_write(file, temporary, &replaces);
	FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
	bool ok = f != NULL;

	*error = NULL;
	errno = f ? 0 : errno;
	if (f) {
		write_rows(f, rows, count);
		ok = !ferror(f);
		ok = fclose(f) == 0 && ok && (!replaces || rename(temporary, file) == 0);
	}
	if (!ok) {
		*error = tshm_xasprintf("cannot write the baseline %s: %s", file, strerror(errno ? errno : EIO));
		if (f && replaces)
			unlink(temporary);
	}
	for (size_t i = 0; i < count; i++) {
		free(rows[i].key);
		free(rows[i].place);
	}
	free(rows);
	return ok;
}
