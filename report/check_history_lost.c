/* SPDX-License-Identifier: MIT */
/* What a ledger no longer has, or never had: overwritten history, calls before it existed, records cut off by death. */
#include <inttypes.h>

#include "check.h"

void tshm_check_history_lost(const struct tshm_check *check, const struct tshm_run *run, struct tshm_findings *to)
{
	for (size_t i = 0; i < run->image_count; i++) {
		const struct tshm_image *im = run->images[i];
		uint64_t recycled = im->header.sections[TSHM_SEC_HISTORY].recycled;
		TSHM_AUTO_FREE char *who = NULL;
		struct tshm_finding *f;

		if (!im->observed)
			continue;
		who = tshm_who(im);
		if (recycled) {
			f = tshm_finding_add(to, check, TSHM_NOTE, "%s of %s made room for newer ones: names that were made and removed",
					     tshm_text_plural(recycled, "older history record").s, who);
			f->count = recycled;
			f->image = im;
		}
		if (im->header.lost_early) {
			f = tshm_finding_add(to, check, TSHM_NOTE, "%s of %s came before its ledger existed",
					     tshm_text_plural(im->header.lost_early, "call").s, who);
			f->count = im->header.lost_early;
			f->image = im;
		}
		/* In an image that runs they are merely being written. */
		if (im->torn && im->state != TSHM_IMAGE_RUNNING) {
			f = tshm_finding_add(to, check, TSHM_NOTE, "%s of %s was half written when it died",
					     tshm_text_plural(im->torn, "record").s, who);
			f->count = im->torn;
			f->image = im;
		}
	}
}
