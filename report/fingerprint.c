/* SPDX-License-Identifier: MIT */
/* Fingerprints of findings. */
#include "fingerprint.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "trace.h"
#include "xalloc.h"

/* ---- the program ---- */

/* "python3.11" is python; "lt-demo" is what libtool made of demo. */
static char *plain_program(const char *exe, bool interpreter)
{
	const char *base = tshm_text_base(exe);
	char *name = tshm_text_escape(!strncmp(base, "lt-", 3) && strstr(exe, "/.libs/") ? base + 3 : base);

	if (interpreter)
		name[strcspn(name, "-.0123456789")] = 0;
	return name;
}

/* What an interpreter runs: "train.py", "-m pytest", "-c".  NULL: itself. */
static char *script_of(const struct tshm_image *im)
{
	for (int i = 1; i < im->argc; i++) {
		const char *word = im->argv[i];

		if (word[0] != '-')
			return tshm_name_pattern(word);
		if (!strcmp(word, "-c") || !strcmp(word, "-"))
			return tshm_xstrdup(word);
		if (!strcmp(word, "-m") && i + 1 < im->argc) {
			TSHM_AUTO_FREE char *module = tshm_text_escape(im->argv[i + 1]);

			return tshm_xasprintf("-m %s", module);
		}
	}
	return NULL;
}

static char *program_of(const struct tshm_image *im)
{
	struct tshm_line line = { .module = im ? im->exe : NULL };
	bool interpreter = im && tshm_trace_is_interpreter(&line);
	TSHM_AUTO_FREE char *program = im ? plain_program(im->exe, interpreter) : tshm_xstrdup("");
	TSHM_AUTO_FREE char *script = interpreter ? script_of(im) : NULL;

	return script ? tshm_xasprintf("%s %s", program, script) : tshm_xstrdup(program);
}

/* ---- where ---- */

/* "libfoo.so" of "libfoo.so.1.2.3" */
static char *plain_module(const char *path)
{
	TSHM_AUTO_FREE char *base = tshm_xstrdup(tshm_text_base(path));
	char *so = strstr(base, ".so");

	if (so && (!so[3] || so[3] == '.'))
		so[3] = 0;
	return tshm_name_pattern(base);
}

/* Functions one after the other; a row of the same (recursion, frames of one module) is one. */
static void add_where(struct tshm_fingerprint *p, const struct tshm_trace *t, bool own)
{
	for (size_t i = 0; i < t->count && p->depth < TSHM_FINGERPRINT_DEPTH; i++) {
		const struct tshm_line *l = &t->lines[i];
		char *name;

		if ((own && !tshm_trace_is_own(l)) || (!l->function && !l->module))
			continue;
		name = l->function ? tshm_function_plain(l->function) : plain_module(l->module);
		if (p->depth && !strcmp(p->where[p->depth - 1], name))
			free(name);
		else
			p->where[p->depth++] = name;
	}
}

/* ---- what ---- */

/* The six characters that mkstemp() chose may have no digit: they are told by who made the name. */
static void forget_template(char *name, unsigned call)
{
	char *base = strrchr(name, '/') ? strrchr(name, '/') + 1 : name, *end = base + strlen(base);

	if (call < TSHM_CALL_mkstemp || call > TSHM_CALL_mkostemps64)
		return;
	if (call >= TSHM_CALL_mkstemps && strrchr(base, '.'))
		end = strrchr(base, '.');
	if (end - base >= 6)
		memset(end - 6, '0', 6);
}

static char *what_of(const struct tshm_finding *f)
{
	const char *name = tshm_finding_name(f);
	TSHM_AUTO_FREE char *copy = name ? tshm_xstrdup(name) : NULL;

	if (!copy)
		return tshm_xstrdup("");
	if (!f->subject && f->object->creator)
		forget_template(copy, f->object->creator->h.call);
	return tshm_name_pattern(copy);
}

/* ---- in whole ---- */

struct tshm_fingerprint tshm_fingerprint_of(struct tshm_symbols *symbols, const struct tshm_finding *f)
{
	struct tshm_trace t = tshm_trace_of(symbols, f->image, f->site);
	struct tshm_fingerprint p = { .rule = f->check->id, .program = program_of(f->image), .what = what_of(f) };

	add_where(&p, &t, true);
	if (!p.depth)
		add_where(&p, &t, false);
	tshm_trace_free(&t);
	return p;
}

void tshm_fingerprint_free(struct tshm_fingerprint *p)
{
	for (size_t i = 0; i < p->depth; i++)
		free(p->where[i]);
	free(p->program);
	free(p->what);
	memset(p, 0, sizeof(*p));
}

char *tshm_fingerprint_key(const struct tshm_fingerprint *p)
{
	/* No part has a newline: all are escaped. */
	char *key = tshm_xasprintf("%s\n%s\n%s", p->rule, p->program, p->what);

	for (size_t i = 0; i < p->depth; i++) {
		char *longer = tshm_xasprintf("%s\n%s", key, p->where[i]);

		free(key);
		key = longer;
	}
	return key;
}

/* FNV-1a: short and the same everywhere.  What must not collide compares keys. */
static uint64_t fnv(const char *s, uint64_t hash)
{
	for (; *s; s++)
		hash = (hash ^ (unsigned char)*s) * 0x100000001b3u;
	return hash;
}

void tshm_fingerprint_hash(const char *key, char hex[33])
{
	uint64_t first = fnv(key, 0xcbf29ce484222325u);

	snprintf(hex, 33, "%016" PRIx64 "%016" PRIx64, first, fnv(key, first ^ 0x9e3779b97f4a7c15u));
}

char *tshm_fingerprint_place(const struct tshm_fingerprint *p)
{
	const char *at = p->depth ? p->where[0] : p->what[0] ? p->what : NULL;

	if (!at)
		return tshm_xstrdup(p->program[0] ? p->program : "the run");
	return p->program[0] ? tshm_xasprintf("%s in %s", at, p->program) : tshm_xstrdup(at);
}
