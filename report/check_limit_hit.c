/* SPDX-License-Identifier: MIT */
/* Acquisitions that failed because a limit was reached, and who held most. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "check.h"

static bool is_mmap(unsigned call)
{
	return call == TSHM_CALL_mmap || call == TSHM_CALL_mmap64 || call == TSHM_CALL_mremap;
}

/*
 * A program may ask for huge pages first and take small ones when there are none:
 * a mapping that failed and was made otherwise at once is no limit hit.
 */
static bool fell_back(const struct tshm_image *im, const struct tshm_site *failed)
{
	if (!is_mmap(failed->call) || failed->last_errno != ENOMEM)
		return false;
	for (size_t i = 0; i < im->site_count; i++) {
		const struct tshm_site *s = &im->sites[i];

		if (s != failed && s->stamp && is_mmap(s->call) && s->acquired &&
		    s->last_mono + 20000000 >= failed->last_mono && s->first_mono <= failed->last_mono + 50000000)
			return true;
	}
	return false;
}

/* The site that had most descriptors open at a time. */
static uint32_t largest_site(const struct tshm_image *im)
{
	uint32_t best = 0;

	for (uint32_t i = 1; i < im->site_count; i++)
		if (im->sites[i].stamp && im->sites[i].peak > 0 && !is_mmap(im->sites[i].call) &&
		    (!best || im->sites[i].peak > im->sites[best].peak))
			best = i;
	return best;
}

static const struct tshm_object *largest_object(const struct tshm_run *run)
{
	const struct tshm_object *best = NULL;

	for (const struct tshm_object *o = run->objects; o; o = o->next)
		if (o->space && o->size && (!best || o->size > best->size))
			best = o;
	return best;
}

static const char *limit_name(int error)
{
	switch (error) {
	case EMFILE: return "EMFILE: the process has no free descriptor";
	case ENFILE: return "ENFILE: the system has no free descriptor";
	case ENOMEM: return "ENOMEM: no memory";
	case ENOSPC: return "ENOSPC: no space";
	case EDQUOT: return "EDQUOT: quota reached";
	}
	return "a limit";
}

static void report_descriptors(const struct tshm_check *check, struct tshm_findings *to, const struct tshm_image *im,
			       uint32_t number)
{
	const struct tshm_site *s = &im->sites[number];
	uint64_t count = s->failed[TSHM_FAIL_DESCRIPTORS];
	int error = s->last_errno == ENFILE ? ENFILE : EMFILE;
	uint32_t largest = largest_site(im);
	TSHM_AUTO_FREE char *who = tshm_who(im);
	TSHM_AUTO_FREE char *most = largest ?
		tshm_xasprintf("; most, %" PRId64 " at a time, came from one place", im->sites[largest].peak) : tshm_xstrdup("");
	struct tshm_finding *f;

	f = tshm_finding_add(to, check, TSHM_WARNING, "%s failed in %s %s (%s)%s", tshm_call_name(s->call), who,
			     tshm_text_plural(count, "time").s, limit_name(error), most);
	f->advice = tshm_xstrdup("close descriptors that are done with, or raise RLIMIT_NOFILE (ulimit -n)");
	f->count = count;
	f->image = im;
	f->site = number;
	if (largest) {
		f->image2 = im;
		f->site2 = largest;
		f->stack2_title = "most descriptors come from";
	}
}

static void report_memory(const struct tshm_check *check, const struct tshm_run *run, struct tshm_findings *to,
			  const struct tshm_image *im, uint32_t number)
{
	const struct tshm_site *s = &im->sites[number];
	uint64_t count = s->failed[TSHM_FAIL_MEMORY];
	const struct tshm_object *o = largest_object(run);
	TSHM_AUTO_FREE char *who = tshm_who(im);
	TSHM_AUTO_FREE char *most = o ? tshm_xasprintf("; the largest object is %s (%s)", o->name ? o->name : o->id,
						       tshm_text_size(o->size).s) : tshm_xstrdup("");
	struct tshm_finding *f;

	f = tshm_finding_add(to, check, TSHM_WARNING, "%s failed in %s %s (%s)%s", tshm_call_name(s->call), who,
			     tshm_text_plural(count, "time").s, limit_name(s->last_errno), most);
	f->advice = tshm_xstrdup("look at what fills it (df -h /dev/shm, ipcs -lm), remove what is left over, or make it larger");
	f->count = count;
	f->object = o;
	f->image = im;
	f->site = number;
}

void tshm_check_limit_hit(const struct tshm_check *check, const struct tshm_run *run, struct tshm_findings *to)
{
	for (size_t i = 0; i < run->image_count; i++) {
		const struct tshm_image *im = run->images[i];

		for (uint32_t k = 1; k < im->site_count; k++) {
			const struct tshm_site *s = &im->sites[k];

			if (!s->stamp)
				continue;
			if (s->failed[TSHM_FAIL_DESCRIPTORS])
				report_descriptors(check, to, im, k);
			if (s->failed[TSHM_FAIL_MEMORY] && !fell_back(im, s))
				report_memory(check, run, to, im, k);
		}
	}
}
