/* SPDX-License-Identifier: MIT */
/*
 * Names that were asked for and were not there.  One record for each site and name, and so many of
 * them at most: a program that tries thousands of names has its older ones overwritten by its newer.
 */
#include <stddef.h>

#include "atomic.h"
#include "bytes.h"
#include "name.h"
#include "site.h"

#define TSHM_MISS_WAYS 8	/* names and sites that share a hash */
#define TSHM_MISS_SETS 32

/* History records.  After fork they are the parent's, and told from ours by their epoch. */
static _Atomic uint32_t tshm_misses[TSHM_MISS_SETS][TSHM_MISS_WAYS];
TSHM_TOGETHER _Atomic uint32_t tshm_missed;

struct tshm_wanted {
	enum tshm_space space;
	const char *name;	/* NULL: SysV */
	int64_t id, ipc_key;
};

static _Atomic uint32_t *tshm_miss_set(const struct tshm_wanted *w)
{
	uint64_t hash = w->name ? tshm_hash_bytes(w->name, tshm_length(w->name)) :
		tshm_mix((uint64_t)(w->id >= 0 ? w->id : w->ipc_key ^ INT64_MIN));

	return tshm_misses[(hash + w->space) % TSHM_MISS_SETS];
}

/* The record of a miss of ours, if it is one; *stamp: when it was seen to be (tshm_history_take). */
static struct tshm_history *tshm_miss(uint32_t number, uint64_t *stamp)
{
	struct tshm_own_history *o = number ? tshm_history(number) : NULL;

	if (!o)
		return NULL;
	*stamp = atomic_load_explicit((_Atomic uint64_t *)&o->h.stamp, memory_order_acquire);
	if (TSHM_GET(o->epoch) != tshm_epoch || TSHM_GET(o->h.type) != TSHM_HIST_ATTACH_FAIL ||
	    TSHM_STAMP_STATE(*stamp) != TSHM_STATE_CLOSED)
		return NULL;
	return &o->h;
}

static bool tshm_miss_is_of(const struct tshm_history *h, const struct tshm_wanted *w)
{
	if (TSHM_GET(h->space) != w->space)
		return false;
	if (!w->name)
		return TSHM_GET(h->id) == w->id && (w->id >= 0 || TSHM_GET(h->ipc_key) == w->ipc_key);
	return tshm_name_is(h, w->name);
}

/* Of a record that was taken, or is new. */
static void tshm_miss_again(uint32_t number, struct tshm_history *h, int error, uint64_t before)
{
	TSHM_PUT(h->count, h->count + 1);
	TSHM_PUT(h->error, error);
	TSHM_PUT(h->end_mono, before);
	TSHM_PUT(h->end_wall, tshm_wall_coarse());
	TSHM_PUT(h->extra, 0);
	tshm_history_commit(number, TSHM_STATE_CLOSED);
}

/* A place for one more, with a record: an unused one, or the one whose turn it is. */
static uint32_t tshm_miss_new(_Atomic uint32_t *set, struct tshm_here here, uint32_t site)
{
	_Atomic uint32_t *place = &set[atomic_fetch_add(&tshm_missed, 1) % TSHM_MISS_WAYS];
	uint32_t number;
	uint64_t stamp;

	for (unsigned i = 0; i < TSHM_MISS_WAYS; i++)
		if (!tshm_miss(atomic_load(&set[i]), &stamp)) {
			place = &set[i];
			break;
		}
	number = atomic_load(place);
	if (!tshm_miss(number, &stamp) || !tshm_history_again(number, TSHM_HIST_ATTACH_FAIL, here.call, site)) {
		number = tshm_history_new(TSHM_HIST_ATTACH_FAIL, here.call, site);
		atomic_store(place, number);
	}
	return number;
}

void tshm_attach_failed(struct tshm_here here, enum tshm_space space, const char *name, int64_t id, int64_t ipc_key,
			int error, uint64_t before)
{
	struct tshm_wanted w = { space, name, id, ipc_key };
	_Atomic uint32_t *set;
	struct tshm_history *h;
	uint32_t site, number;
	uint64_t stamp;

	if (!here.on)
		return;
	set = tshm_miss_set(&w);
	site = tshm_site_here(here);
	for (unsigned i = 0; i < TSHM_MISS_WAYS; i++) {
		number = atomic_load(&set[i]);
		h = tshm_miss(number, &stamp);
		if (h && TSHM_GET(h->site) == site && tshm_miss_is_of(h, &w) && tshm_history_take(number, stamp)) {
			tshm_miss_again(number, h, error, before);
			return;
		}
	}
	number = tshm_miss_new(set, here, site);
	if (!number)
		return;
	tshm_site_mirror(site);
	h = &tshm_history(number)->h;
	TSHM_PUT(h->space, (uint16_t)space);
	TSHM_PUT(h->id, name ? 0 : id);
	TSHM_PUT(h->ipc_key, ipc_key);
	if (name)
		tshm_name_put(h, name);
	TSHM_PUT(h->begin_mono, before);
	tshm_miss_again(number, h, error, before);
}

static void tshm_miss_over(const struct tshm_wanted *w)
{
	_Atomic uint32_t *set = tshm_miss_set(w);

	for (unsigned i = 0; i < TSHM_MISS_WAYS; i++) {
		uint32_t number = atomic_load(&set[i]);
		uint64_t stamp;
		struct tshm_history *h = tshm_miss(number, &stamp);

		if (!h || TSHM_GET(h->extra) || !tshm_miss_is_of(h, w) || !tshm_history_take(number, stamp))
			continue;
		TSHM_PUT(h->extra, 1);
		tshm_history_commit(number, TSHM_STATE_CLOSED);
	}
}

void tshm_attach_worked(enum tshm_space space, const char *name, int64_t id, int64_t ipc_key)
{
	if (TSHM_LIKELY(!atomic_load_explicit(&tshm_missed, memory_order_relaxed)))
		return;
	if (name || id >= 0)
		tshm_miss_over(&(struct tshm_wanted){ space, name, id, ipc_key });
	if (!name && ipc_key)
		tshm_miss_over(&(struct tshm_wanted){ space, NULL, -1, ipc_key });
}
