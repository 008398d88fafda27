/* SPDX-License-Identifier: MIT */
/* Paths of sockets that nobody is bound to any more: connect() is refused there, and bind() too. */
#include "check.h"

static void report(const struct tshm_check *check, struct tshm_findings *to, const struct tshm_group *g)
{
	const struct tshm_object *o = g->first;
	TSHM_AUTO_FREE char *who = tshm_group_who(g);
	TSHM_AUTO_FREE char *quoted = tshm_text_quote(o->name);
	struct tshm_finding *f;

	if (g->count == 1)
		f = tshm_finding_add(to, check, TSHM_NOTE, "socket path %s was bound by %s and never removed; no socket is bound to it",
				     o->name, who);
	else
		f = tshm_finding_add(to, check, TSHM_NOTE, "%s (%s first) were bound by %s and never removed; no socket is bound to them",
				     tshm_text_plural(g->count, "socket path").s, o->name, who);
	f->advice = tshm_xasprintf("unlink() it when its socket is closed; the next bind() there fails else (EADDRINUSE); "
				   "remove now with: rm %s%s", quoted, g->count > 1 ? " (and the others)" : "");
	f->count = g->count;
	f->object = o;
	f->image = g->image;
	f->site = g->site;
}

void tshm_check_socket_path_leaked(const struct tshm_check *check, const struct tshm_run *run, struct tshm_findings *to)
{
	struct tshm_group *groups = NULL;

	for (const struct tshm_object *o = run->objects; o; o = o->next) {
		TSHM_AUTO_FREE char *where = NULL, *key = NULL;

		if (o->space != TSHM_SPACE_SOCKET || o->state != TSHM_OBJECT_LEAKED || !o->name)
			continue;
		where = tshm_site_key(o->creator->image, o->creator->h.site, true);
		key = tshm_xasprintf("%s %s", o->creator->image->exe, where);
		tshm_group_add(&groups, key, o->creator->image, o->creator->h.site, o, 1, 0);
	}
	for (const struct tshm_group *g = groups; g; g = g->hh.next)
		report(check, to, g);
	tshm_groups_free(&groups);
}
