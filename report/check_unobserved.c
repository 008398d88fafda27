/* SPDX-License-Identifier: MIT */
/* Processes of the run that wrote no ledger: what they did is not known. */
#include "check.h"

void tshm_check_unobserved(const struct tshm_check *check, const struct tshm_run *run, struct tshm_findings *to)
{
	struct tshm_group *groups = NULL;

	for (size_t i = 0; i < run->image_count; i++) {
		const struct tshm_image *im = run->images[i];
		TSHM_AUTO_FREE char *key = NULL;

		if (im->observed)
			continue;
		key = tshm_xasprintf("%s %s", im->exe, im->why_unobserved ? im->why_unobserved : "");
		tshm_group_add(&groups, key, im, 0, im, 1, 0);
	}
	for (const struct tshm_group *g = groups; g; g = g->hh.next) {
		const struct tshm_image *above = g->image->previous ? g->image->previous : g->image->parent;
		TSHM_AUTO_FREE char *by = above ? tshm_who(above) : NULL;
		const char *why = g->image->why_unobserved;
		size_t processes = tshm_group_processes(g);
		struct tshm_finding *f;

		if (processes > 1)
			f = tshm_finding_add(to, check, TSHM_NOTE, "%zu processes of %s (pid %d first) were not observed: %s",
					     processes, g->image->exe, (int)g->image->header.pid, why ? why : "?");
		else
			f = tshm_finding_add(to, check, TSHM_NOTE, "%s (pid %d%s%s) was not observed: %s", g->image->exe,
					     (int)g->image->header.pid, by ? ", started by " : "", by ? by : "", why ? why : "?");
		f->count = processes;
		f->image = g->image;
	}
	tshm_groups_free(&groups);
}
