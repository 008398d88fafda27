/* SPDX-License-Identifier: MIT */
/* Suppressions in Valgrind's form. */
#include "suppress_block.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "trace.h"
#include "xalloc.h"

#define FRAMES_MOST 200		/* no stack is deeper */

enum frame_kind { FRAME_ANY, FRAME_FUNCTION, FRAME_MODULE, FRAME_SOURCE };

struct frame { enum frame_kind kind; char *pattern; };

struct tshm_block {
	char *title, *rule;		/* rule: "" if it is for another tool */
	char *name, *exe;		/* patterns, or NULL */
	struct frame *frames;
	size_t count, capacity;
};

/* ---- reading ---- */

struct tshm_block *tshm_block_new(void)
{
	return tshm_xcalloc(1, sizeof(struct tshm_block));
}

void tshm_block_free(struct tshm_block *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < b->count; i++)
		free(b->frames[i].pattern);
	free(b->frames);
	free(b->title);
	free(b->rule);
	free(b->name);
	free(b->exe);
	free(b);
}

static const char *take_rule(struct tshm_block *b, const char *line)
{
	const char *colon = strchr(line, ':'), *rule = colon ? colon + 1 : "";

	if (!colon || !*rule)
		return "tshm:RULE is wanted here";
	if (strncmp(line, "tshm:", 5) != 0) {
		b->rule = tshm_xstrdup("");
		return NULL;
	}
	if (!tshm_checks_have(rule, strlen(rule)))
		return "there is no such rule (--list-checks lists them; * is all)";
	b->rule = tshm_xstrdup(rule);
	return NULL;
}

static const char *take_frame(struct tshm_block *b, const char *line)
{
	static const struct { const char *word; enum frame_kind kind; } kinds[] = {
		{ "fun:", FRAME_FUNCTION }, { "obj:", FRAME_MODULE }, { "src:", FRAME_SOURCE },
	};
	struct frame f = { FRAME_ANY, NULL };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strncmp(line, kinds[i].word, 4) && line[4])
			f = (struct frame){ kinds[i].kind, tshm_xstrdup(line + 4) };
	if (!f.pattern && strcmp(line, "...") != 0)
		return "fun:PATTERN, obj:PATTERN, src:PATTERN, name:PATTERN, exe:PATTERN or ... is wanted";
	TSHM_GROW(b->frames, b->count, b->capacity);
	b->frames[b->count++] = f;
	return b->count > FRAMES_MOST ? "these are too many frames" : NULL;
}

const char *tshm_block_line(struct tshm_block *b, const char *line)
{
	bool name = !strncmp(line, "name:", 5), exe = !strncmp(line, "exe:", 4);
	char **to = name ? &b->name : &b->exe;
	const char *pattern = strchr(line, ':');

	if (!strcmp(line, "{"))
		return "the block before has no end: a line with } is wanted";
	if (!b->title) {
		b->title = tshm_xstrdup(line);
		return NULL;
	}
	if (!b->rule)
		return take_rule(b, line);
	if (!*b->rule)
		return NULL;		/* other tools have other lines */
	if (!name && !exe)
		return take_frame(b, line);
	if (!pattern[1])
		return "the pattern is missing: * is all";
	if (*to || b->count)
		return "name: and exe: come once, and before the frames";
	*to = tshm_xstrdup(pattern + 1);
	return NULL;
}

const char *tshm_block_end(const struct tshm_block *b)
{
	if (!b->title || !b->rule)
		return "a block has a name and tshm:RULE";
	return NULL;
}

bool tshm_block_is_ours(const struct tshm_block *b)
{
	return b->rule[0] != 0;
}

const char *tshm_block_name(const struct tshm_block *b)
{
	return b->title;
}

/* ---- matching ---- */

static bool fits_source(const char *pattern, const struct tshm_line *l)
{
	TSHM_AUTO_FREE char *with_line = l->file ? tshm_xasprintf("%s:%u", l->file, l->line) : NULL;

	return tshm_fits_path(pattern, l->file) || tshm_fits_path(pattern, with_line);
}

static bool fits_frame(const struct frame *f, const struct tshm_line *l)
{
	switch (f->kind) {
	case FRAME_FUNCTION: return tshm_fits_function(f->pattern, l->function);
	case FRAME_MODULE: return tshm_fits_path(f->pattern, l->module);
	case FRAME_SOURCE: return fits_source(f->pattern, l);
	case FRAME_ANY: break;
	}
	return true;
}

/*
 * Do the frames match the beginning of these lines?  What stands behind a ... is looked for as far
 * inside as it can be; if that does not help, nothing farther out would.
 */
static bool fits_lines(const struct tshm_block *b, const struct tshm_line *lines, size_t count)
{
	size_t i = 0, at = 0, any = SIZE_MAX, from = 0;

	while (i < b->count) {
		if (b->frames[i].kind == FRAME_ANY) {
			any = i++;
			from = at;
		} else if (at < count && fits_frame(&b->frames[i], &lines[at])) {
			i++;
			at++;
		} else if (any != SIZE_MAX && from < count) {
			i = any + 1;
			at = ++from;
		} else {
			return false;
		}
	}
	return true;
}

static bool fits_trace(const struct tshm_block *b, struct tshm_trace t)
{
	struct tshm_line *lines = tshm_xcalloc(t.count + 1, sizeof(*lines));
	bool fits;

	lines[0].function = t.call;
	if (t.count)
		memcpy(lines + 1, t.lines, t.count * sizeof(*lines));
	fits = (t.call && fits_lines(b, lines, t.count + 1)) || fits_lines(b, lines + 1, t.count);
	free(lines);
	tshm_trace_free(&t);
	return fits;
}

bool tshm_block_matches(const struct tshm_block *b, const struct tshm_finding *f, struct tshm_symbols *symbols)
{
	const char *name = tshm_finding_name(f);

	if (strcmp(b->rule, "*") != 0 && strcmp(b->rule, f->check->id) != 0)
		return false;
	if (b->name && !tshm_fits_path(b->name, name))
		return false;
	if (b->exe && !(f->image && tshm_fits_path(b->exe, f->image->exe)))
		return false;
	if (!b->count)
		return true;
	return fits_trace(b, tshm_trace_of(symbols, f->image, f->site));
}
