/* SPDX-License-Identifier: MIT */
/* Facts that found no room in a ledger, and ledgers that found none in memory. */
#include "check.h"

static const char *const sections[TSHM_SEC_COUNT] = {
	[TSHM_SEC_RESOURCES] = "resource", [TSHM_SEC_SITES] = "call site", [TSHM_SEC_HISTORY] = "history record",
	[TSHM_SEC_TRANSFERS] = "transfer", [TSHM_SEC_MODULES] = "module", [TSHM_SEC_STRINGS] = "string",
	[TSHM_SEC_THREADS] = "thread", [TSHM_SEC_CHILDREN] = "child record", [TSHM_SEC_MARKS] = "mark",
};

static void report(const struct tshm_check *check, struct tshm_findings *to, const struct tshm_image *im)
{
	for (unsigned s = 0; s < TSHM_SEC_COUNT; s++) {
		uint64_t lost = im->header.sections[s].lost;
		TSHM_AUTO_FREE char *who = NULL;
		struct tshm_finding *f;

		if (!lost)
			continue;
		who = tshm_who(im);
		f = tshm_finding_add(to, check, TSHM_NOTE, "%s of %s found no room in its ledger",
				     tshm_text_plural(lost, sections[s]).s, who);
		f->advice = tshm_xstrdup("give the pool more room: TSHM_DIR on a tmpfs, and no RLIMIT_FSIZE (ulimit -f)");
		f->count = lost;
		f->image = im;
	}
}

void tshm_check_ledger_full(const struct tshm_check *check, const struct tshm_run *run, struct tshm_findings *to)
{
	const struct tshm_image *on_disk = NULL;
	size_t disks = 0;

	for (size_t i = 0; i < run->image_count; i++) {
		if (!run->images[i]->observed)
			continue;
		report(check, to, run->images[i]);
		if (run->images[i]->header.flags & TSHM_HF_DISK_LEDGER) {
			on_disk = run->images[i];
			disks++;
		}
	}
	if (disks) {
		struct tshm_finding *f = tshm_finding_add(to, check, TSHM_NOTE,
			"no room in memory: %s lie on a disk (%s), which makes programs slower",
			tshm_text_plural(disks, "ledger").s, on_disk->path);

		f->count = disks;
		f->advice = tshm_xstrdup("set TSHM_DIR to a directory on a tmpfs");
	}
}
