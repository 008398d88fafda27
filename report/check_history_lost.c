/* SPDX-License-Identifier: MIT */
/* What ledgers no longer have, or never had: overwritten history, calls before they existed, records cut off by death. */
#include "check.h"

struct loss {
	const char *word;		/* what is counted */
	const char *text;		/* what became of it; after "of WHO" */
	uint64_t (*of)(const struct tshm_image *);
};

static uint64_t recycled(const struct tshm_image *im)
{
	return im->header.sections[TSHM_SEC_HISTORY].recycled;
}

static uint64_t recycled_ipc(const struct tshm_image *im)
{
	return im->header.sections[TSHM_SEC_IPC].recycled;
}

static uint64_t early(const struct tshm_image *im)
{
	return im->header.lost_early;
}

/* In an image that runs they are merely being written. */
static uint64_t torn(const struct tshm_image *im)
{
	return im->state == TSHM_IMAGE_RUNNING ? 0 : im->torn;
}

/* Not records: one for each image whose library stopped to ask the kernel, or cannot read its Python. */
static uint64_t confined(const struct tshm_image *im)
{
	return im->header.flags & TSHM_HF_CONFINED ? 1 : 0;
}

static uint64_t python_other(const struct tshm_image *im)
{
	return im->header.flags & TSHM_HF_PYTHON_OTHER ? 1 : 0;
}

void tshm_check_history_lost(const struct tshm_check *check, const struct tshm_run *run, struct tshm_findings *to)
{
	static const struct loss losses[] = {
		{ "older history record", "made room for newer ones: names that were made and removed", recycled },
		{ "older CUDA IPC record", "made room for newer ones: what was exported or opened, and closed", recycled_ipc },
		{ "call", "came before the ledger existed", early },
		{ "image", "confined by seccomp(2): nothing was asked of the kernel from then on, and children were not observed",
		  confined },
		{ "image", "Python of a version or build that this tshm does not know: stacks lack its functions", python_other },
		{ "record", "half written at the end, not believed", torn },
	};

	for (size_t i = 0; i < sizeof(losses) / sizeof(losses[0]); i++) {
		struct tshm_group *groups = NULL;

		for (size_t k = 0; k < run->image_count; k++) {
			const struct tshm_image *im = run->images[k];

			if (im->observed && losses[i].of(im))
				tshm_group_add(&groups, im->exe, im, 0, im, losses[i].of(im), 0);
		}
		for (const struct tshm_group *g = groups; g; g = g->hh.next) {
			TSHM_AUTO_FREE char *who = tshm_group_who(g);
			struct tshm_finding *f = tshm_finding_add(to, check, TSHM_NOTE, "%s of %s: %s",
				tshm_text_plural(g->amount, losses[i].word).s, who, losses[i].text);

			f->count = g->amount;
			f->image = g->image;
		}
		tshm_groups_free(&groups);
	}
}
