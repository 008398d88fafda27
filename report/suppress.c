/* SPDX-License-Identifier: MIT */
/* Suppressions. */
#include "suppress.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "progress.h"
#include "suppress_block.h"
#include "text.h"
#include "trace.h"
#include "xalloc.h"

#define LINE_MOST 4096		/* who writes a longer one has named the wrong file */

/* ---- files ---- */

/* What is wrong with a line, or NULL.  Nothing may be half understood: a suppression hides things. */
static const char *complaint(const char *line, size_t length)
{
	const char *colon = strchr(line, ':');

	if (strlen(line) != length || length > LINE_MOST)
		return "this is no text";
	if (!colon)
		return "it has no colon: RULE:PATTERN is wanted";
	if (!tshm_checks_have(line, (size_t)(colon - line)))
		return "there is no such rule (--list-checks lists them; * is all)";
	if (!colon[1])
		return "the pattern is missing: * is all";
	return NULL;
}

/* A line, or a block with its name. */
static void add(struct tshm_suppressions *s, const char *line, struct tshm_block *block, const char *file,
		unsigned number, bool asked)
{
	struct tshm_suppression *new;

	TSHM_GROW(s->list, s->count, s->capacity);
	new = &s->list[s->count++];
	memset(new, 0, sizeof(*new));
	new->line = tshm_xstrdup(line);
	new->block = block;
	new->pattern = block ? NULL : strchr(new->line, ':') + 1;
	new->file = tshm_xstrdup(file);
	new->number = number;
	new->asked = asked;
}

/* Without the spaces around it; *length is that of what was read, NULs and all. */
static char *trimmed(char *line, size_t *length)
{
	while (*length && strchr(" \t\r\n", line[*length - 1]) && line[*length - 1])
		line[--*length] = 0;
	while (*line == ' ' || *line == '\t') {
		line++;
		--*length;
	}
	return line;
}

/* What is read of a file. */
struct reading {
	struct tshm_suppressions *to;
	const char *file;
	unsigned number;		/* of the line */
	bool asked;
	struct tshm_block *block;	/* that the line is in, or NULL */
	unsigned begin;
};

/* Takes a line; what is wrong with it, or NULL. */
static const char *take(struct reading *r, const char *line, size_t length)
{
	const char *wrong;

	if (*line == '#' || !length)
		return NULL;
	if (r->block && strcmp(line, "}") != 0)
		return strlen(line) != length ? "this is no text" : tshm_block_line(r->block, line);
	if (r->block) {
		wrong = tshm_block_end(r->block);
		if (wrong)
			return wrong;
		/* One file may serve Valgrind, too: what is for its tools is not for us. */
		if (tshm_block_is_ours(r->block))
			add(r->to, tshm_block_name(r->block), r->block, r->file, r->begin, r->asked);
		else
			tshm_block_free(r->block);
		r->block = NULL;
		return NULL;
	}
	if (!strcmp(line, "{") && length == 1) {
		r->block = tshm_block_new();
		r->begin = r->number;
		return NULL;
	}
	wrong = complaint(line, length);
	if (!wrong)
		add(r->to, line, NULL, r->file, r->number, r->asked);
	return wrong;
}

bool tshm_suppressions_read(struct tshm_suppressions *s, const char *file, bool asked, char **error)
{
	struct reading r = { .to = s, .file = file, .asked = asked };
	TSHM_AUTO_FILE FILE *f = fopen(file, "re");
	TSHM_AUTO_FREE char *whole = NULL;
	size_t room = 0;
	ssize_t n;

	*error = NULL;
	if (!f) {
		*error = tshm_xasprintf("cannot read suppressions from %s: %s", file, strerror(errno));
		return false;
	}
	errno = 0;
	for (r.number = 1; !*error && (n = getline(&whole, &room, f)) >= 0; r.number++) {
		size_t length = (size_t)n;
		char *line = trimmed(whole, &length);
		const char *wrong = take(&r, line, length);

		if (wrong)
			*error = tshm_xasprintf("%s:%u: \"%.200s\": %s", file, r.number, line, wrong);
	}
	if (!*error && ferror(f))
		*error = tshm_xasprintf("cannot read suppressions from %s: %s", file, strerror(errno ? errno : EIO));
	if (!*error && r.block)
		*error = tshm_xasprintf("%s:%u: this block has no end: a line with } is wanted", file, r.begin);
	tshm_block_free(r.block);
	return !*error;
}

bool tshm_suppressions_read_default(struct tshm_suppressions *s, char **error)
{
	const char *file = getenv("TSHM_SUPPRESSIONS_DEFAULT");
	TSHM_AUTO_FILE FILE *f = NULL;

	*error = NULL;
	if (!file)
		file = TSHM_PKGDATADIR "/tshm.supp";
	if (!*file || (!(f = fopen(file, "re")) && errno == ENOENT))
		return true;
	return tshm_suppressions_read(s, file, false, error);
}

void tshm_suppressions_free(struct tshm_suppressions *s)
{
	for (size_t i = 0; i < s->count; i++) {
		free(s->list[i].line);
		tshm_block_free(s->list[i].block);
		free(s->list[i].file);
	}
	free(s->list);
	memset(s, 0, sizeof(*s));
}

/* ---- findings ---- */

bool tshm_fits(const char *pattern, const char *text)
{
	return text && !fnmatch(pattern, text, 0);
}

bool tshm_fits_path(const char *pattern, const char *path)
{
	return path && (tshm_fits(pattern, path) || tshm_fits(pattern, tshm_text_base(path)));
}

/* "f(int)" is also called "f". */
bool tshm_fits_function(const char *pattern, const char *function)
{
	TSHM_AUTO_FREE char *name = function ? tshm_xstrndup(function, strcspn(function, "(")) : NULL;

	return name && (tshm_fits(pattern, function) || tshm_fits(pattern, name));
}

static bool fits_modules(const char *pattern, const struct tshm_image *im, const struct tshm_frame *frames,
			 unsigned depth)
{
	for (unsigned i = 0; i < depth; i++)
		if (frames[i].kind == TSHM_FRAME_NATIVE && frames[i].where && frames[i].where < im->module_count &&
		    tshm_fits_path(pattern, im->modules[frames[i].where].path))
			return true;
	return false;
}

/* "libtorch*.so*", "*.so", "libc.so.6": of libraries alone.  "Engine.socket_open" is a function. */
static bool is_of_libraries(const char *pattern)
{
	const char *base = tshm_text_base(pattern);

	for (const char *at = strstr(base, ".so"); at; at = strstr(at + 1, ".so"))
		if (!at[3] || at[3] == '.' || (at[3] == '*' && !strncmp(base, "lib", 3)))
			return true;
	return false;
}

static bool fits_stack(const char *pattern, struct tshm_symbols *symbols, const struct tshm_image *im,
		       const struct tshm_frame *frames, unsigned depth)
{
	struct tshm_trace t;
	bool found = false;

	if (!depth)
		return false;
	if (fits_modules(pattern, im, frames, depth))
		return true;
	/* To look symbols up takes time, and a pattern of libraries has none to look for. */
	if (is_of_libraries(pattern))
		return false;
	t = tshm_trace_of_frames(symbols, im, frames, depth);
	for (size_t i = 0; i < t.count && !found; i++)
		found = tshm_fits_function(pattern, t.lines[i].function) || tshm_fits_path(pattern, t.lines[i].file);
	tshm_trace_free(&t);
	return found;
}

static bool fits_site(const char *pattern, struct tshm_symbols *symbols, const struct tshm_image *im, uint32_t site)
{
	if (!im || !site || site >= im->site_count || !im->sites[site].stamp)
		return false;
	return fits_stack(pattern, symbols, im, im->sites[site].frames, im->sites[site].depth);
}

static bool matches(const struct tshm_suppression *s, const struct tshm_finding *f, struct tshm_symbols *symbols)
{
	size_t length;

	if (s->block)
		return tshm_block_matches(s->block, f, symbols);
	length = (size_t)(s->pattern - s->line) - 1;
	if (s->line[0] != '*' && (strlen(f->check->id) != length || memcmp(f->check->id, s->line, length) != 0))
		return false;
	return !strcmp(s->pattern, "*") || tshm_fits_path(s->pattern, tshm_finding_name(f)) ||
	       fits_site(s->pattern, symbols, f->image, f->site) ||
	       (f->frame2 ? fits_stack(s->pattern, symbols, f->image2, f->frame2, 1) :
			    fits_site(s->pattern, symbols, f->image2, f->site2));
}

void tshm_suppressions_apply(struct tshm_suppressions *s, struct tshm_findings *found, struct tshm_symbols *symbols)
{
	for (size_t i = 0; i < found->count; i++) {
		struct tshm_finding *f = found->list[i];

		tshm_progress("looking for suppressions", i, found->count);
		for (size_t k = 0; k < s->count && !f->suppressed_by; k++) {
			if (!matches(&s->list[k], f, symbols))
				continue;
			s->list[k].used++;
			f->suppressed_by = tshm_xasprintf("%s:%u: %s", s->list[k].file, s->list[k].number,
							  s->list[k].line);
		}
	}
}
