/* SPDX-License-Identifier: MIT */
/* Descriptors without close-on-exec that the next program got for want of it, not on purpose. */
#include <ctype.h>
#include <string.h>

#include "check.h"

/* The image that had the descriptor when the new one was executed. */
static const struct tshm_image *giver_of(const struct tshm_image *im)
{
	return im->previous ? im->previous : im->parent;
}

/* The same descriptor?  A forked child does not look at what it inherited: then number and kind must do. */
static bool is_same(const struct tshm_held *had, const struct tshm_held *got)
{
	if (had->r.key != got->r.key || tshm_kind_by(had->r.kind) != TSHM_BY_DESCRIPTOR || !(got->r.flags & TSHM_RF_IDENT))
		return false;
	if (had->r.flags & TSHM_RF_IDENT)
		return had->r.dev == got->r.dev && had->r.ino == got->r.ino;
	return had->r.kind == got->r.kind;
}

static const struct tshm_held *find_fd(const struct tshm_image *im, const struct tshm_held *got)
{
	/* Dropped or not: that the new image has it is proof enough that it was open. */
	for (size_t i = 0; i < im->held_count; i++)
		if (is_same(&im->held[i], got))
			return &im->held[i];
	return NULL;
}

/* A number among its arguments was passed on purpose: --jobserver-auth=3,4, /dev/fd/63, tracker_fd=5. */
static bool is_argument(const struct tshm_image *im, uint64_t fd)
{
	for (int i = 1; i < im->argc; i++)
		for (const char *s = im->argv[i]; *s;) {
			uint64_t n = 0;

			if (!isdigit((unsigned char)*s)) {
				s++;
				continue;
			}
			for (; isdigit((unsigned char)*s); s++)
				n = n < 1000000000 ? n * 10 + (uint64_t)(*s - '0') : n;
			if (n == fd)
				return true;
		}
	return false;
}

static bool was_meant(const struct tshm_held *had, const struct tshm_image *to)
{
	if (had->r.flags & (TSHM_RF_CLOEXEC | TSHM_RF_CLOEXEC_OFF | TSHM_RF_CHOSEN))
		return true;
	/* Without a site it came from outside: whoever opened it is not known here. */
	return !had->r.site || had->r.origin == TSHM_ORIGIN_EXEC || had->r.origin == TSHM_ORIGIN_UNKNOWN ||
	       is_argument(to, had->r.key);
}

static bool is_shared(const struct tshm_held *h)
{
	uint16_t kind = h->object && h->object->kind ? h->object->kind : h->r.kind;

	return kind == TSHM_KIND_SEGMENT || kind == TSHM_KIND_MEMFD;
}

static void report(const struct tshm_check *check, struct tshm_findings *to, const struct tshm_group *g)
{
	const struct tshm_held *had = g->first;
	const char *name = tshm_held_name(had);
	TSHM_AUTO_FREE char *giver = tshm_who(had->image);
	TSHM_AUTO_FREE char *heir = tshm_group_who(g);
	struct tshm_finding *f;

	f = tshm_finding_add(to, check, is_shared(had) ? TSHM_WARNING : TSHM_NOTE,
			     "descriptor %u (%s%s%s) of %s has no close-on-exec and was inherited by %s", (unsigned)had->r.key,
			     tshm_kind_name(had->object && had->object->kind ? had->object->kind : had->r.kind),
			     name ? " " : "", name ? name : "", giver, heir);
	f->advice = tshm_xstrdup("open it with O_CLOEXEC (SOCK_CLOEXEC, MFD_CLOEXEC, F_DUPFD_CLOEXEC) unless the program needs it");
	f->count = g->count;
	f->object = had->object;
	f->image = had->image;
	f->site = g->site;
	f->image2 = g->image;
}

void tshm_check_fd_crossed_exec(const struct tshm_check *check, const struct tshm_run *run, struct tshm_findings *to)
{
	struct tshm_group *groups = NULL;

	for (size_t i = 0; i < run->image_count; i++) {
		const struct tshm_image *im = run->images[i], *giver = giver_of(im);

		if (!im->observed || im->header.began != TSHM_BEGAN_EXEC || !giver || !giver->observed)
			continue;
		for (size_t k = 0; k < im->held_count; k++) {
			const struct tshm_held *got = &im->held[k], *had;
			TSHM_AUTO_FREE char *where = NULL, *key = NULL;

			if (got->r.origin != TSHM_ORIGIN_EXEC || got->r.key <= 2 || got->dropped ||
			    tshm_kind_by(got->r.kind) != TSHM_BY_DESCRIPTOR)
				continue;
			had = find_fd(giver, got);
			if (!had || was_meant(had, im))
				continue;
			where = tshm_site_key(giver, had->r.site, false);
			key = tshm_xasprintf("%d %s %s", is_shared(had), giver->exe, where);
			tshm_group_add(&groups, key, im, had->r.site, had, 1, 0);	/* its image: who inherited */
		}
	}
	for (const struct tshm_group *g = groups; g; g = g->hh.next)
		report(check, to, g);
	tshm_groups_free(&groups);
}
