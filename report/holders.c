/* SPDX-License-Identifier: MIT */
#include "holders.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "denied.h"
#include "proc.h"
#include "reconcile.h"

#define LOOKED_AT_MOST 64u	/* processes */
#define LOOK_SECONDS 10		/* at all of them */

/* What processes share by holding it: memory, and what has a name that outlives them. */
static bool is_shared(const struct tshm_object *o)
{
	static const uint16_t kinds[] = { TSHM_KIND_SEGMENT, TSHM_KIND_MEMFD, TSHM_KIND_MQUEUE, TSHM_KIND_MAPPING,
					  TSHM_KIND_ANONYMOUS, TSHM_KIND_ATTACHMENT, TSHM_KIND_SEMAPHORE };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (o->kind == kinds[i])
			return true;
	return o->space != 0;
}

static void add(struct tshm_holders *all, pid_t pid, const struct tshm_image *im, const char *exe,
		const struct tshm_object *o)
{
	struct tshm_holder *h;

	if (pid <= 0 || pid == getpid())
		return;
	HASH_FIND(hh, all->first, &pid, sizeof(pid), h);
	if (!h) {
		h = tshm_xcalloc(1, sizeof(*h));
		h->pid = pid;
		h->image = im;
		h->exe = exe;
		HASH_ADD(hh, all->first, pid, sizeof(h->pid), h);
	}
	if (h->object_count && h->objects[h->object_count - 1] == o)
		return;
	TSHM_GROW(h->objects, h->object_count, h->object_capacity);
	h->objects[h->object_count++] = o;
}

static int in_order(const struct tshm_holder *a, const struct tshm_holder *b)
{
	size_t i = a->image ? a->image->order : SIZE_MAX, k = b->image ? b->image->order : SIZE_MAX;

	return i != k ? (i > k) - (i < k) : (a->pid > b->pid) - (a->pid < b->pid);
}

static void collect(struct tshm_holders *all, const struct tshm_run *run)
{
	for (const struct tshm_object *o = run->objects; o; o = o->next) {
		if (o->state == TSHM_OBJECT_REMOVED && !o->holder_count)
			continue;
		for (size_t i = 0; is_shared(o) && i < o->holder_count; i++) {
			const struct tshm_image *im = o->holders[i]->image;

			add(all, im->live_pid, im, im->exe, o);
		}
		for (size_t i = 0; i < o->outsider_count; i++)
			add(all, o->outsiders[i].pid, NULL, o->outsiders[i].exe, o);
	}
	HASH_SORT(all->first, in_order);
}

/* Asked after its start time was: so it is the process of that time that holds something. */
static bool is_still(const struct tshm_holder *h)
{
	TSHM_AUTO_FREE char *exe = NULL;

	if (h->image && h->image->observed)
		return tshm_reconcile_is_running(h->image);
	exe = tshm_proc_link(h->pid, "exe");
	return !exe || !strcmp(exe, h->exe);
}

static void look_at(struct tshm_holder *h)
{
	struct tshm_denial denial;
	struct tshm_stat now;
	int error = tshm_proc_stat(h->pid, 0, &now);

	if (!error)
		error = is_still(h) ? tshm_threads_look(h->pid, now.start, &h->threads) : -ESRCH;
	if (!error)
		return;
	tshm_denial_ask(&denial, h->pid, -error);
	h->denied = tshm_denial_text(&denial);
}

struct tshm_holders *tshm_holders_look(const struct tshm_run *run)
{
	struct tshm_holders *all = tshm_xcalloc(1, sizeof(*all));
	struct timespec begin, now;
	size_t looked = 0;

	collect(all, run);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (struct tshm_holder *h = all->first; h; h = h->hh.next) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (looked++ < LOOKED_AT_MOST && now.tv_sec - begin.tv_sec < LOOK_SECONDS)
			look_at(h);
		else
			h->denied = tshm_xstrdup("too many processes hold something: it was not looked at");
	}
	return all;
}

void tshm_holders_free(struct tshm_holders *all)
{
	struct tshm_holder *h, *next;

	if (!all)
		return;
	HASH_ITER(hh, all->first, h, next) {
		HASH_DEL(all->first, h);
		tshm_threads_free(&h->threads);
		free(h->objects);
		free(h->denied);
		free(h);
	}
	free(all);
}

const struct tshm_holder *tshm_holders_find(const struct tshm_holders *all, pid_t pid)
{
	struct tshm_holder *h = NULL;

	if (all)
		HASH_FIND(hh, all->first, &pid, sizeof(pid), h);
	return h;
}
