/* SPDX-License-Identifier: MIT */
/* Names that are there since the run and that no observed process made. */
#include <inttypes.h>

#include "check.h"

static size_t count_unobserved(const struct tshm_run *run)
{
	size_t count = 0;

	for (size_t i = 0; i < run->image_count; i++)
		count += !run->images[i]->observed;
	return count;
}

void tshm_check_shm_appeared(const struct tshm_check *check, const struct tshm_run *run, struct tshm_findings *to)
{
	size_t unobserved = count_unobserved(run);

	for (size_t i = 0; i < run->stray_count; i++) {
		const struct tshm_stray *s = &run->strays[i];
		TSHM_AUTO_FREE char *id = tshm_xasprintf("%" PRId64, s->id);
		TSHM_AUTO_FREE char *by = s->creator_pid ? tshm_xasprintf(" (its creator had pid %d)", (int)s->creator_pid) :
							   tshm_xstrdup("");
		struct tshm_finding *f;

		f = tshm_finding_add(to, check, TSHM_WARNING,
				     "%s %s (%s) appeared during the run and no observed process made it%s; nobody holds it",
				     tshm_space_word(s->space), s->name ? s->name : id, tshm_text_size(s->size).s, by);
		f->bytes = s->size;
		f->subject = tshm_xstrdup(s->name ? s->name : tshm_space_word(s->space));
		f->advice = unobserved ?
			tshm_xasprintf("%s could not be observed (see unobserved): look there first",
				       tshm_text_plural(unobserved, "process").s) :
			tshm_xstrdup("something else on this machine may have made it at the same time");
	}
}
