/* SPDX-License-Identifier: MIT */
/* What checks share. */
#include "check.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *tshm_who(const struct tshm_image *im)
{
	const char *exe = tshm_text_base(im->exe);

	if (im->state == TSHM_IMAGE_SIGNALED)
		return tshm_xasprintf("%s (pid %d%s, killed by %s)", exe, (int)im->header.pid, im->where ? im->where : "",
				      tshm_text_signal(im->status).s);
	return tshm_xasprintf("%s (pid %d%s)", exe, (int)im->header.pid, im->where ? im->where : "");
}

char *tshm_who_of(const struct tshm_image *first, size_t processes)
{
	if (processes <= 1)
		return tshm_who(first);
	return tshm_xasprintf("%zu processes, %s (pid %d%s) first", processes, tshm_text_base(first->exe),
			      (int)first->header.pid, first->where ? first->where : "");
}

const struct tshm_site *tshm_site(const struct tshm_image *im, uint32_t number)
{
	return number && number < im->site_count && im->sites[number].stamp ? &im->sites[number] : NULL;
}

bool tshm_module_is_runtime(const char *path)
{
	static const char *const patterns[] = {
		"libc.so*", "libc-[0-9]*.so", "ld-linux*", "ld-musl*", "libpthread*", "librt.so*", "librt-*.so",
		"libtshm*", "libstdc++*", "libgcc_s*", "libpython*", "python", "python[0-9]*", "perl", "libperl*",
		"ruby[0-9]*", "libruby*", "node", "libnode*", "libjvm*",
	};
	const char *base = tshm_text_base(path);

	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		if (!fnmatch(patterns[i], base, 0))
			return true;
	return false;
}

/* How near a Python file is to what its user wrote: 2 his own, 1 an installed package, 0 Python's. */
static int own_python(const char *file)
{
	const char *lib = file ? strstr(file, "/python") : NULL;

	if (!file || file[0] == '<')		/* frozen modules, code from strings */
		return file && strncmp(file, "<frozen ", 8) != 0 ? 2 : 0;
	if (strstr(file, "/site-packages/") || strstr(file, "/dist-packages/"))
		return 1;
	/* ".../lib/python3.11/multiprocessing/...", "/usr/lib/python311.zip/..." */
	while (lib && !((lib[7] == '2' || lib[7] == '3') && lib - file >= 3 && strstr(file, "/lib") < lib))
		lib = strstr(lib + 1, "/python");
	return lib && strstr(file, "/lib") ? 0 : 2;
}

/* Of a stack with Python frames: the innermost that is nearest to what the user wrote; `depth` if there is none of his or of a package. */
static unsigned python_leaf(const struct tshm_image *im, const struct tshm_frame *frames, unsigned depth)
{
	unsigned leaf = depth;
	int best = 0;

	for (unsigned i = 0; i < depth; i++) {
		int own = frames[i].kind == TSHM_FRAME_PYTHON ? own_python(im->string(im, frames[i].where, NULL)) : 0;

		if (own > best) {
			best = own;
			leaf = i;
		}
	}
	return leaf;
}

unsigned tshm_frames_leaf(const struct tshm_image *im, const struct tshm_frame *frames, unsigned depth)
{
	unsigned python = python_leaf(im, frames, depth);

	if (python < depth)
		return python;
	for (unsigned i = 0; i < depth; i++) {
		const struct tshm_frame *f = &frames[i];

		if (f->kind == TSHM_FRAME_PYTHON)
			return i;
		if (f->kind == TSHM_FRAME_NATIVE && f->where && f->where < im->module_count &&
		    !tshm_module_is_runtime(im->modules[f->where].path))
			return i;
	}
	return 0;
}

static char *frame_key(const struct tshm_image *im, const struct tshm_frame *f)
{
	if (f->kind == TSHM_FRAME_PYTHON) {
		const char *file = im->string(im, f->where, NULL), *function = im->string(im, f->u.py.function, NULL);

		return tshm_xasprintf("%s:%s:%u", file ? file : "?", function ? function : "?", f->u.py.line);
	}
	return tshm_xasprintf("%s+%" PRIx64, f->where && f->where < im->module_count ? im->modules[f->where].path : "?",
			      f->u.offset);
}

static char *site_key(const struct tshm_image *im, uint32_t number, bool whole)
{
	const struct tshm_site *s = tshm_site(im, number);
	char *key;

	if (!s || !s->depth)
		return tshm_xasprintf("%s %s", im->exe, s ? tshm_call_name(s->call) : "");
	if (!whole)
		return frame_key(im, &s->frames[tshm_frames_leaf(im, s->frames, s->depth)]);
	key = tshm_xasprintf("%u", s->call);
	for (unsigned i = 0; i < s->depth; i++) {
		TSHM_AUTO_FREE char *frame = frame_key(im, &s->frames[i]);
		char *longer = tshm_xasprintf("%s %s", key, frame);

		free(key);
		key = longer;
	}
	return key;
}

char *tshm_site_key(const struct tshm_image *im, uint32_t number, bool whole)
{
	TSHM_AUTO_FREE char *key = site_key(im, number, whole);

	/* What was found in several runs is told of each. */
	return tshm_xasprintf("%s%s", key, im->where ? im->where : "");
}

struct tshm_group *tshm_group_add(struct tshm_group **groups, const char *key, const struct tshm_image *im,
				  uint32_t site, const void *item, uint64_t amount, uint64_t bytes)
{
	struct tshm_group *g;

	HASH_FIND_STR(*groups, key, g);
	if (!g) {
		g = tshm_xcalloc(1, sizeof(*g));
		g->key = tshm_xstrdup(key);
		g->image = im;
		g->site = site;
		g->first = item;
		HASH_ADD_KEYPTR(hh, *groups, g->key, strlen(g->key), g);
	}
	TSHM_GROW(g->items, g->count, g->capacity);
	g->items[g->count++] = item;
	g->amount += amount;
	g->bytes += bytes;
	if (!g->image_count || g->images[g->image_count - 1] != im) {
		TSHM_GROW(g->images, g->image_count, g->image_capacity);
		g->images[g->image_count++] = im;
	}
	return g;
}

static int by_order(const void *a, const void *b)
{
	const struct tshm_image *x = *(const struct tshm_image *const *)a, *y = *(const struct tshm_image *const *)b;

	return (x->order > y->order) - (x->order < y->order);
}

size_t tshm_group_processes(const struct tshm_group *g)
{
	size_t count = 0;

	qsort(g->images, g->image_count, sizeof(*g->images), by_order);
	for (size_t i = 0; i < g->image_count; i++)
		count += !i || g->images[i] != g->images[i - 1];
	return count;
}

char *tshm_group_who(const struct tshm_group *g)
{
	return tshm_who_of(g->image, tshm_group_processes(g));
}

char *tshm_group_times(const struct tshm_group *g)
{
	return g->amount > 1 ? tshm_xasprintf(", %s", tshm_text_plural(g->amount, "time").s) : tshm_xstrdup("");
}

void tshm_groups_free(struct tshm_group **groups)
{
	struct tshm_group *g, *next;

	HASH_ITER(hh, *groups, g, next) {
		HASH_DEL(*groups, g);
		free(g->key);
		free(g->items);
		free(g->images);
		free(g);
	}
}
