/* SPDX-License-Identifier: MIT */
/* What is done when all of an image was read: strings, and numbers that refer.  Part of the trust boundary, see reader.c. */
#include "reader_parts.h"

#include <string.h>

const char *tshm_reader_string(const struct tshm_image *image, uint32_t number, uint32_t *length)
{
	const struct tshm_reader *r = image->reader;
	uint64_t at = (uint64_t)number * TSHM_STRING_UNIT;
	uint32_t n;

	if (!number || !r || at + sizeof(n) > r->strings_size)
		return NULL;
	memcpy(&n, r->strings + at, sizeof(n));
	if (n > TSHM_STRING_MAX || at + sizeof(n) + n + 1 > r->strings_size)
		return NULL;
	if (r->strings[at + sizeof(n) + n])
		return NULL;
	if (length)
		*length = n;
	return r->strings + at + sizeof(n);
}

static void set_argv(struct tshm_image *im)
{
	struct tshm_reader *r = im->reader;
	uint32_t length = 0;
	const char *s = tshm_reader_string(im, im->header.argv, &length);
	uint32_t count = 0;

	for (uint32_t i = 0; s && i < length; i++)
		count += !s[i] || i + 1 == length;
	im->argv = tshm_arena_alloc(&r->arena, (count + 1) * sizeof(char *));
	for (uint32_t i = 0; s && i < length;) {
		im->argv[im->argc++] = tshm_arena_strdup(&r->arena, s + i);
		i += (uint32_t)strlen(s + i) + 1;
	}
}

/* Counts that no process can have are none; a leaf without a site or of an unknown class is none. */
static void sanitize_mark(struct tshm_image *im, struct tshm_mark *m)
{
	for (int class = 0; class < TSHM_MARK_CLASSES; class++) {
		if (m->live_begin[class] < 0 || m->live_begin[class] > INT32_MAX)
			m->live_begin[class] = 0;
		if (m->live_end[class] < 0 || m->live_end[class] > INT32_MAX)
			m->live_end[class] = 0;
	}
	for (int i = 0; i < TSHM_MARK_LEAVES; i++) {
		struct tshm_mark_leaf *l = &m->leaves[i];

		if (l->class >= TSHM_MARK_CLASSES || l->site >= im->site_count || !im->sites[l->site].stamp)
			*l = (struct tshm_mark_leaf){ 0 };
	}
	if (m->end_mono < m->begin_mono)
		m->end_mono = m->begin_mono;
}

/* Numbers that point nowhere become 0, so that nobody after us needs to look. */
static void sanitize(struct tshm_image *im)
{
#define GOOD_SITE(n) ((n) < im->site_count && im->sites[n].stamp ? (n) : 0)
	for (size_t i = 0; i < im->held_count; i++) {
		struct tshm_held *h = &im->held[i];
		const struct tshm_past *name = tshm_reader_past(im, h->r.name);

		/* The record may have been overwritten since: then it tells of another object. */
		if (name && name->h.flags & TSHM_HIF_IDENT && h->r.flags & TSHM_RF_IDENT &&
		    (name->h.dev != h->r.dev || name->h.ino != h->r.ino))
			name = NULL;
		h->r.site = GOOD_SITE(h->r.site);
		h->name = name && name->name ? name->name : tshm_reader_string(im, h->r.text, NULL);
	}
	for (size_t i = 0; i < im->past_count; i++) {
		im->past[i].h.site = GOOD_SITE(im->past[i].h.site);
		im->past[i].h.end_site = GOOD_SITE(im->past[i].h.end_site);
	}
	for (size_t i = 0; i < im->transfer_count; i++)
		im->transfers[i].site = GOOD_SITE(im->transfers[i].site);
	for (size_t i = 0; i < im->child_count; i++)
		im->children[i].site = GOOD_SITE(im->children[i].site);
	for (size_t i = 0; i < im->ipc_count; i++) {
		struct tshm_ipc *r = &im->ipcs[i].r;

		r->site = GOOD_SITE(r->site);
		r->end_site = GOOD_SITE(r->end_site);
		r->origin_site = GOOD_SITE(r->origin_site);
	}
	for (size_t i = 0; i < im->mark_count; i++)
		sanitize_mark(im, &im->marks[i]);
	for (size_t i = 0; i < im->site_count; i++)
		for (unsigned f = 0; f < im->sites[i].depth; f++)
			if (im->sites[i].frames[f].kind == TSHM_FRAME_NATIVE &&
			    im->sites[i].frames[f].where >= im->module_count)
				im->sites[i].frames[f].where = 0;
	for (size_t i = 0; i < im->past_count; i++)
		if (im->past[i].h.before.kind == TSHM_FRAME_NATIVE && im->past[i].h.before.where >= im->module_count)
			im->past[i].h.before.where = 0;
	for (size_t i = 0; i < im->thread_count; i++)
		im->threads[i].name[sizeof(im->threads[i].name) - 1] = 0;
#undef GOOD_SITE
}

/* Ten thousand ledgers may be in memory: none keeps more than it needs. */
static void fit(struct tshm_image *im)
{
	if (im->held)
		im->held = tshm_xreallocarray(im->held, im->held_count, sizeof(*im->held));
	if (im->past)
		im->past = tshm_xreallocarray(im->past, im->past_count, sizeof(*im->past));
	if (im->children)
		im->children = tshm_xreallocarray(im->children, im->child_count, sizeof(*im->children));
	if (im->transfers)
		im->transfers = tshm_xreallocarray(im->transfers, im->transfer_count, sizeof(*im->transfers));
	if (im->ipcs)
		im->ipcs = tshm_xreallocarray(im->ipcs, im->ipc_count, sizeof(*im->ipcs));
	if (im->marks)
		im->marks = tshm_xreallocarray(im->marks, im->mark_count, sizeof(*im->marks));
	if (im->threads)
		im->threads = tshm_xreallocarray(im->threads, im->thread_count, sizeof(*im->threads));
}

void tshm_reader_finish(struct tshm_image *im)
{
	struct tshm_reader *r = im->reader;

	fit(im);
	im->exe = tshm_reader_string(im, im->header.exe, NULL);
	if (!im->exe || !im->exe[0])
		im->exe = "?";
	set_argv(im);
	for (size_t i = 0; i < im->module_count; i++) {
		const char *path = tshm_reader_string(im, (uint32_t)(uintptr_t)im->modules[i].path, NULL);

		im->modules[i].path = path && path[0] ? path : i ? im->exe : "";
	}
	for (size_t i = 0; i < im->past_count; i++) {
		struct tshm_past *p = &im->past[i];
		bool ends = memchr(p->h.name, 0, sizeof(p->h.name)) != NULL;

		if (p->h.name[0])
			p->name = ends ? p->h.name : tshm_arena_strndup(&r->arena, p->h.name, sizeof(p->h.name));
	}
	sanitize(im);
}

struct tshm_past *tshm_reader_past(const struct tshm_image *im, uint32_t number)
{
	const struct tshm_reader *r = im->reader;
	size_t low = 0, high = im->past_count;

	if (!r || !number)
		return NULL;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (r->past_numbers[middle] < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low < im->past_count && r->past_numbers[low] == number ? &im->past[low] : NULL;
}
