/* SPDX-License-Identifier: MIT */
/*
 * --gen-suppressions: a block (suppress_block.h) for each finding that nothing suppresses, ready to be put
 * into a file.  It matches the finding by its stack, without pids, addresses and lines.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "fingerprint.h"
#include "out.h"
#include "text.h"
#include "trace.h"
#include "xalloc.h"

#define FRAMES_MOST 12u		/* of the program's callers; the rest of a stack may be anything */

/* How many bytes the character takes that is shown as it is; 0: it is none of those. */
static size_t shown(const char *s)
{
	unsigned char c = (unsigned char)*s;
	size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	TSHM_AUTO_FREE char *escaped = tshm_text_escape_n(s, strnlen(s, n));

	return !strncmp(escaped, s, n) && strlen(escaped) == n ? n : 0;
}

/* For fnmatch(3): as it is, but what no terminal should see is *, as is a space that would be cut off. */
static char *quoted(const char *text)
{
	char *out = tshm_xmalloc(2 * strlen(text) + 1), *at = out;
	bool any = false;

	while (*text) {
		size_t n = *text == ' ' && !text[1] ? 0 : shown(text);

		if (!n && !any)
			*at++ = '*';
		any = !n;
		if (n && strchr("*?[]\\", *text))
			*at++ = '\\';
		at = mempcpy(at, text, n);
		text += n ? n : 1;
	}
	*at = 0;
	return out;
}

/* A pattern of the name: tshm_name_pattern()'s stars stay, everything else is meant as it is. */
static char *name_pattern(const char *name)
{
	TSHM_AUTO_FREE char *pattern = tshm_name_pattern(name);
	char *out = tshm_xmalloc(2 * strlen(pattern) + 1), *at = out;

	for (const char *s = pattern; *s; s++) {
		/* The pattern is of the escaped name; what was escaped, and the word behind it, may be anything. */
		if (*s == '\\') {
			while (isalnum((unsigned char)s[1]) || s[1] == '*')
				s++;
			*at++ = '*';
		} else if (strchr("?[]", *s)) {
			*at++ = '\\';
			*at++ = *s;
		} else {
			*at++ = *s;
		}
	}
	*at = 0;
	return out;
}

static void frame(FILE *to, const struct tshm_line *l)
{
	TSHM_AUTO_FREE char *function = l->function ? quoted(l->function) : NULL;
	TSHM_AUTO_FREE char *module = l->module ? quoted(tshm_text_base(l->module)) : NULL;

	if (function)
		fprintf(to, "   fun:%s\n", function);
	else if (module)
		fprintf(to, "   obj:%s\n", module);
	else
		fprintf(to, "   ...\n");
}

/* Rows of frames that are not the program's are any frames: they change with their packages. */
static void frames(FILE *to, const struct tshm_trace *t)
{
	size_t written = 0;
	bool any = false;

	for (size_t i = 0; i < t->count && written < FRAMES_MOST; i++) {
		if (tshm_trace_is_own(&t->lines[i])) {
			if (any)
				fprintf(to, "   ...\n");
			frame(to, &t->lines[i]);
			written++;
		}
		any = !tshm_trace_is_own(&t->lines[i]);
	}
	for (size_t i = 0; !written && i < t->count && i < FRAMES_MOST; i++)
		frame(to, &t->lines[i]);
}

static void body(FILE *to, const struct tshm_out *o, const struct tshm_finding *f)
{
	struct tshm_trace t = tshm_trace_of(o->symbols, f->image, f->site);
	const char *name = tshm_finding_name(f);

	fprintf(to, "   tshm:%s\n", f->check->id);
	if (t.count) {
		if (t.call)
			fprintf(to, "   fun:%s\n", t.call);
		frames(to, &t);
	} else if (name) {
		TSHM_AUTO_FREE char *pattern = name_pattern(name);

		fprintf(to, "   name:%s\n", pattern);
	} else if (f->image) {
		TSHM_AUTO_FREE char *exe = quoted(tshm_text_base(f->image->exe));

		fprintf(to, "   exe:%s\n", exe);
	}
	tshm_trace_free(&t);
}

static char *block(const struct tshm_out *o, const struct tshm_finding *f)
{
	struct tshm_fingerprint p = tshm_fingerprint_of(o->symbols, f);
	TSHM_AUTO_FREE char *place = tshm_fingerprint_place(&p);
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	tshm_fingerprint_free(&p);
	if (!to)
		tshm_out_failed("list of suppressions");
	fprintf(to, "{\n   %s: %s\n", f->check->id, place);
	body(to, o, f);
	fprintf(to, "}\n");
	if (fclose(to) != 0)
		tshm_out_failed("list of suppressions");
	return text;
}

static bool comes_before(char **list, size_t count, const char *text)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(list[i], text))
			return true;
	return false;
}

void tshm_out_suppressions(const struct tshm_out *o)
{
	char **written = NULL;
	size_t count = 0, capacity = 0;

	for (size_t i = 0; i < o->findings->count; i++) {
		const struct tshm_finding *f = o->findings->list[i];
		TSHM_AUTO_FREE char *message = tshm_text_escape(f->message);
		char *text;

		if (f->suppressed_by || f->known)
			continue;
		text = block(o, f);
		if (comes_before(written, count, text)) {
			free(text);
			continue;
		}
		fprintf(o->to, "# %s: %s\n%s", tshm_severity_name(f->severity), message, text);
		TSHM_GROW(written, count, capacity);
		written[count++] = text;
	}
	for (size_t i = 0; i < count; i++)
		free(written[i]);
	free(written);
}
