/* SPDX-License-Identifier: MIT */
/* What the run made and others than its owner and group may open: by the mode that it was made with, or has now. */
#include <sys/stat.h>

#include "check.h"

/*
 * The mode of what is there is the kernel's word; of what is gone, the one that it was made with.
 * What lies in a directory below the mount may be kept from others by that; if it is gone, nobody knows.
 */
static uint32_t mode_of(const struct tshm_object *o)
{
	if (o->presence == TSHM_NAME_THERE)
		return o->hidden ? 0 : o->mode;
	return o->hidden || o->in_directory ? 0 : o->creator->h.mode;
}

static bool is_space(unsigned space)
{
	return space == TSHM_SPACE_SHM || space == TSHM_SPACE_SEM || space == TSHM_SPACE_MQ || space == TSHM_SPACE_SYSV;
}

static void report(const struct tshm_check *check, struct tshm_findings *to, const struct tshm_group *g)
{
	const struct tshm_object *o = g->first;
	uint32_t mode = mode_of(o) & 0777;
	TSHM_AUTO_FREE char *what = tshm_object_words(o);
	TSHM_AUTO_FREE char *who = tshm_group_who(g);
	TSHM_AUTO_FREE char *more = g->count > 1 ? tshm_xasprintf(" and %zu more", g->count - 1) : tshm_xstrdup("");
	bool writable = mode & S_IWOTH;
	struct tshm_finding *f;

	f = tshm_finding_add(to, check, writable ? TSHM_WARNING : TSHM_NOTE, "%s%s, created by %s, may be %s by every user (mode %04o)",
			     what, more, who, !writable ? "read" : mode & S_IROTH ? "read and written" : "written", mode);
	if (writable)
		f->advice = tshm_xstrdup(o->space == TSHM_SPACE_SHM || o->space == TSHM_SPACE_SEM ?
			"create it with mode 0600, or 0660 for a group; the sticky bit of /dev/shm only keeps others from removing it" :
			"create it with mode 0600, or 0660 for a group");
	f->count = g->count;
	f->bytes = g->bytes;
	f->object = o;
	f->image = g->image;
	f->site = g->site;
}

void tshm_check_shm_exposed(const struct tshm_check *check, const struct tshm_run *run, struct tshm_findings *to)
{
	struct tshm_group *groups = NULL;

	for (const struct tshm_object *o = run->objects; o; o = o->next) {
		const struct tshm_past *c = o->creator;
		TSHM_AUTO_FREE char *where = NULL, *key = NULL;

		if (!c || !is_space(o->space) || c->h.flags & TSHM_HIF_INTENT || !(mode_of(o) & (S_IROTH | S_IWOTH)))
			continue;
		where = tshm_site_key(c->image, c->h.site, true);
		key = tshm_xasprintf("%u %o %s %s", o->space, mode_of(o) & 0777, c->image->exe, where);
		tshm_group_add(&groups, key, c->image, c->h.site, o, 1, o->size);
	}
	for (const struct tshm_group *g = groups; g; g = g->hh.next)
		report(check, to, g);
	tshm_groups_free(&groups);
}
