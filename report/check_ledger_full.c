/* SPDX-License-Identifier: MIT */
/* Facts that found no room in a ledger, and ledgers that found none in memory. */
#include "check.h"

static const char *const sections[TSHM_SEC_COUNT] = {
	[TSHM_SEC_RESOURCES] = "resource", [TSHM_SEC_SITES] = "call site", [TSHM_SEC_HISTORY] = "history record",
	[TSHM_SEC_TRANSFERS] = "transfer", [TSHM_SEC_MODULES] = "module", [TSHM_SEC_STRINGS] = "string",
	[TSHM_SEC_THREADS] = "thread", [TSHM_SEC_CHILDREN] = "child record", [TSHM_SEC_MARKS] = "mark",
	[TSHM_SEC_IPC] = "CUDA IPC record",
};

static void report_section(const struct tshm_check *check, const struct tshm_run *run, struct tshm_findings *to, unsigned s)
{
	struct tshm_group *groups = NULL;

	for (size_t i = 0; i < run->image_count; i++) {
		const struct tshm_image *im = run->images[i];

		if (im->observed && im->header.sections[s].lost)
			tshm_group_add(&groups, im->exe, im, 0, im, im->header.sections[s].lost, 0);
	}
	for (const struct tshm_group *g = groups; g; g = g->hh.next) {
		TSHM_AUTO_FREE char *who = tshm_group_who(g);
		struct tshm_finding *f = tshm_finding_add(to, check, TSHM_NOTE, "%s of %s found no room in the ledger",
			tshm_text_plural(g->amount, sections[s]).s, who);

		f->advice = tshm_xstrdup("give the pool more room: TSHM_DIR on a tmpfs, and no RLIMIT_FSIZE (ulimit -f)");
		f->count = g->amount;
		f->image = g->image;
	}
	tshm_groups_free(&groups);
}

static void report_disk(const struct tshm_check *check, const struct tshm_run *run, struct tshm_findings *to)
{
	const struct tshm_image *first = NULL;
	size_t count = 0;
	struct tshm_finding *f;

	for (size_t i = 0; i < run->image_count; i++)
		if (run->images[i]->observed && run->images[i]->header.flags & TSHM_HF_DISK_LEDGER) {
			first = first ? first : run->images[i];
			count++;
		}
	if (!count)
		return;
	f = tshm_finding_add(to, check, TSHM_NOTE, "%s on a disk, not in memory (%s%s): that makes programs slower",
			     tshm_text_plural(count, "ledger").s, first->path, count > 1 ? ", …" : "");
	f->count = count;
	f->advice = tshm_xstrdup("set TSHM_DIR to a directory on a tmpfs with room");
}

void tshm_check_ledger_full(const struct tshm_check *check, const struct tshm_run *run, struct tshm_findings *to)
{
	for (unsigned s = 0; s < TSHM_SEC_COUNT; s++)
		report_section(check, run, to, s);
	report_disk(check, run, to);
}
