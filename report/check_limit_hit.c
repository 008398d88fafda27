/* SPDX-License-Identifier: MIT */
/* Acquisitions that failed because a limit was reached, and who held most. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
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

static bool makes_descriptors(unsigned call)
{
	switch (call) {
#define TSHM_CALL(id, name, act, kind, early) case (id): return tshm_kind_by(TSHM_KIND_##kind) == TSHM_BY_DESCRIPTOR;
#include "../ledger/calls.def"
#undef TSHM_CALL
	}
	return call == TSHM_CALL_syscall;
}

/* The site that had most descriptors open at a time. */
static uint32_t largest_site(const struct tshm_image *im)
{
	uint32_t best = 0;

	for (uint32_t i = 1; i < im->site_count; i++)
		if (im->sites[i].stamp && im->sites[i].peak > 0 && makes_descriptors(im->sites[i].call) &&
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

static bool makes_inotify(unsigned call)
{
	return call == TSHM_CALL_inotify_init || call == TSHM_CALL_inotify_init1;
}

static bool makes_queue(unsigned call)
{
	return call == TSHM_CALL_mq_open || call == TSHM_CALL___mq_open_2;
}

/* Limits of the user have the same errno as that of the process; which one it was nobody noted. */
static const char *limit_name(unsigned call, int error)
{
	switch (error) {
	case EMFILE:
		return makes_inotify(call) ? "EMFILE: the process has no free descriptor, or the user no inotify instance" :
		       makes_queue(call) ? "EMFILE: the process has no free descriptor, or the user no room for a queue" :
		       "EMFILE: the process has no free descriptor";
	case ENFILE: return "ENFILE: the system has no free descriptor";
	case ENOMEM: return "ENOMEM: no memory";
	case ENOSPC: return "ENOSPC: no space";
	case EDQUOT: return "EDQUOT: quota reached";
	}
	return "a limit";
}

/* A kind of failure at one stack.  Threads that race may have made several site records of it. */
struct hit {
	char *key;
	uint32_t site;
	uint64_t count;
	int error;			/* 0: the last failure there was of another kind */
	uint64_t last_mono;
	UT_hash_handle hh;
};

static bool is_of_kind(int error, unsigned fail)
{
	bool descriptors = error == EMFILE || error == ENFILE;
	bool memory = error == ENOMEM || error == ENOSPC || error == EDQUOT;

	return fail == TSHM_FAIL_DESCRIPTORS ? descriptors : memory;
}

static void add_hit(struct hit **hits, const struct tshm_image *im, uint32_t number, unsigned fail)
{
	const struct tshm_site *s = &im->sites[number];
	TSHM_AUTO_FREE char *key = tshm_site_key(im, number, true);
	struct hit *h;

	HASH_FIND_STR(*hits, key, h);
	if (!h) {
		h = tshm_xcalloc(1, sizeof(*h));
		h->key = tshm_xstrdup(key);
		h->site = number;
		HASH_ADD_KEYPTR(hh, *hits, h->key, strlen(h->key), h);
	}
	h->count += s->failed[fail];
	if (is_of_kind(s->last_errno, fail) && s->last_mono >= h->last_mono) {
		h->error = s->last_errno;
		h->last_mono = s->last_mono;
	}
}

static void free_hits(struct hit **hits)
{
	struct hit *h, *next;

	HASH_ITER(hh, *hits, h, next) {
		HASH_DEL(*hits, h);
		free(h->key);
		free(h);
	}
}

static char *advice_on_descriptors(unsigned call)
{
	const char *also = makes_inotify(call) ? "; the user's instances are limited by fs.inotify.max_user_instances (sysctl)" :
			   makes_queue(call) ? "; the user's queues are limited by RLIMIT_MSGQUEUE (ulimit -q)" : "";

	return tshm_xasprintf("close descriptors that are done with, or raise RLIMIT_NOFILE (ulimit -n)%s", also);
}

static const char *advice_on_memory(unsigned call)
{
	if (call == TSHM_CALL_shmget)
		return "look at what is there (ipcs -m) and at the limits (ipcs -lm), remove what is left over, or raise them";
	if (makes_queue(call))
		return "look at what is there (/dev/mqueue) and at fs.mqueue.queues_max, remove what is left over, or raise it";
	if (is_mmap(call) || call == TSHM_CALL_shmat)
		return "look at free memory and at the limits (ulimit -v, vm.max_map_count), and unmap what is done with";
	return "look at what fills the file system (df -h; /dev/shm: tshm-report --system), remove what is left over, or make it larger";
}

static void report_descriptors(const struct tshm_check *check, struct tshm_findings *to, const struct tshm_image *im,
			       const struct hit *h)
{
	uint32_t largest = largest_site(im);
	TSHM_AUTO_FREE char *who = tshm_who(im);
	TSHM_AUTO_FREE char *most = largest ?
		tshm_xasprintf("; most, %" PRId64 " at a time, came from one place", im->sites[largest].peak) : tshm_xstrdup("");
	struct tshm_finding *f;

	f = tshm_finding_add(to, check, TSHM_WARNING, "%s failed in %s %s (%s)%s", tshm_call_name(im->sites[h->site].call),
			     who, tshm_text_plural(h->count, "time").s,
			     limit_name(im->sites[h->site].call, h->error ? h->error : EMFILE), most);
	f->advice = advice_on_descriptors(im->sites[h->site].call);
	f->count = h->count;
	f->image = im;
	f->site = h->site;
	if (largest) {
		f->image2 = im;
		f->site2 = largest;
		f->stack2_title = "most descriptors come from";
	}
}

static void report_memory(const struct tshm_check *check, const struct tshm_run *run, struct tshm_findings *to,
			  const struct tshm_image *im, const struct hit *h)
{
	const struct tshm_object *o = largest_object(run);
	TSHM_AUTO_FREE char *who = tshm_who(im);
	TSHM_AUTO_FREE char *most = o ? tshm_xasprintf("; the largest object is %s (%s)", o->name ? o->name : o->id,
						       tshm_text_size(o->size).s) : tshm_xstrdup("");
	struct tshm_finding *f;

	f = tshm_finding_add(to, check, TSHM_WARNING, "%s failed in %s %s (%s)%s", tshm_call_name(im->sites[h->site].call),
			     who, tshm_text_plural(h->count, "time").s, limit_name(im->sites[h->site].call, h->error), most);
	f->advice = tshm_xstrdup(advice_on_memory(im->sites[h->site].call));
	f->count = h->count;
	f->object = o;
	f->image = im;
	f->site = h->site;
}

void tshm_check_limit_hit(const struct tshm_check *check, const struct tshm_run *run, struct tshm_findings *to)
{
	for (size_t i = 0; i < run->image_count; i++) {
		const struct tshm_image *im = run->images[i];
		struct hit *descriptors = NULL, *memory = NULL;

		for (uint32_t k = 1; k < im->site_count; k++) {
			const struct tshm_site *s = &im->sites[k];

			if (!s->stamp)
				continue;
			if (s->failed[TSHM_FAIL_DESCRIPTORS])
				add_hit(&descriptors, im, k, TSHM_FAIL_DESCRIPTORS);
			if (s->failed[TSHM_FAIL_MEMORY] && !fell_back(im, s))
				add_hit(&memory, im, k, TSHM_FAIL_MEMORY);
		}
		for (const struct hit *h = descriptors; h; h = h->hh.next)
			report_descriptors(check, to, im, h);
		for (const struct hit *h = memory; h; h = h->hh.next)
			report_memory(check, run, to, im, h);
		free_hits(&descriptors);
		free_hits(&memory);
	}
}
