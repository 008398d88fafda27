/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stddef.h>

#include "bytes.h"
#include "index.h"
#include "module.h"
#include "site.h"
#include "stack.h"
#include "store.h"

TSHM_INDEX(tshm_site_index, 4096);
static struct tshm_store *const tshm_sites = &tshm_stores[TSHM_SEC_SITES];

struct tshm_own_site *tshm_site_own(uint32_t site)
{
	return site ? tshm_store_own(tshm_sites, site) : NULL;
}

static struct tshm_site *tshm_site_map(uint32_t site)
{
	struct tshm_own_site *o;

	if (!site)
		return NULL;
	o = tshm_store_own(tshm_sites, site);
	if (TSHM_UNLIKELY(o->epoch != tshm_epoch))
		tshm_site_mirror(site);
	return tshm_store_map(tshm_sites, site);
}

void tshm_site_mirror(uint32_t site)
{
	struct tshm_own_site *o = tshm_store_own(tshm_sites, site);
	struct tshm_site *m;

	if (!o || o->epoch == tshm_epoch)
		return;
	o->epoch = tshm_epoch;
	m = tshm_store_map(tshm_sites, site);
	if (!m)
		return;
	tshm_store_raise(tshm_sites, site + 1);
	m->hash = o->hash;
	m->call = o->call;
	m->depth = o->depth;
	m->first_mono = tshm_now_coarse();
	for (unsigned i = 0; i < o->depth; i++) {
		tshm_module_mirror(o->frames[i].where);
		m->frames[i] = o->frames[i];
	}
	atomic_store_explicit((_Atomic uint64_t *)&m->stamp, TSHM_STAMP(1, TSHM_STATE_LIVE), memory_order_release);
}

/* After a dlclose the same addresses may be other code: is this site still what it was? */
static bool tshm_site_still(struct tshm_own_site *o)
{
	uint32_t generation = atomic_load_explicit(&tshm_module_generation, memory_order_relaxed);

	if (TSHM_LIKELY(atomic_load_explicit(&o->generation, memory_order_relaxed) == generation))
		return true;
	for (unsigned i = 0; i < o->depth; i++) {
		struct tshm_frame now = tshm_module_frame(o->pcs[i]);

		if (now.where != o->frames[i].where || now.u.offset != o->frames[i].u.offset)
			return false;
	}
	atomic_store_explicit(&o->generation, generation, memory_order_relaxed);
	return true;
}

static uint32_t tshm_site_new(uint64_t hash, enum tshm_call call, const uintptr_t *pcs, unsigned depth)
{
	uint32_t site = tshm_store_take(tshm_sites);
	struct tshm_own_site *o;

	if (!site)
		return 0;
	o = tshm_store_own(tshm_sites, site);
	o->hash = hash;
	o->call = (uint16_t)call;
	o->depth = (uint16_t)depth;
	o->epoch = 0;
	o->generation = atomic_load(&tshm_module_generation);
	for (unsigned i = 0; i < depth; i++) {
		o->pcs[i] = pcs[i];
		o->frames[i] = tshm_module_frame(pcs[i]);
	}
	o->stamp = TSHM_STAMP(1, TSHM_STATE_LIVE);
	tshm_site_mirror(site);
	/* Two threads may make the same site at once: both stay, the report merges by frames. */
	if (!tshm_index_insert(&tshm_site_index, hash, site))
		tshm_store_lost(tshm_sites);
	return site;
}

uint32_t tshm_site_here(enum tshm_call call, const void *caller)
{
	uintptr_t pcs[TSHM_DEPTH_MAX];
	unsigned depth = tshm_stack_capture(pcs, tshm_options.depth, caller);
	uint64_t hash = 0x9e3779b97f4a7c15ull * call;
	unsigned walk = 0;
	uint32_t site;

	for (unsigned i = 0; i < depth; i++)
		hash = (hash ^ pcs[i]) * 0xff51afd7ed558ccdull + (hash >> 29);
	hash = tshm_mix(hash);
	while ((site = tshm_index_next(&tshm_site_index, hash, &walk))) {
		struct tshm_own_site *o = tshm_store_own(tshm_sites, site);

		if (o->hash == hash && o->call == call && o->depth == depth &&
		    !__builtin_memcmp(o->pcs, pcs, depth * sizeof(pcs[0])) && tshm_site_still(o))
			return site;
	}
	return tshm_site_new(hash, call, pcs, depth);
}

static void tshm_add(uint64_t *to, uint64_t n)
{
	atomic_fetch_add_explicit((_Atomic uint64_t *)to, n, memory_order_relaxed);
}

void tshm_site_failed(uint32_t site, int error)
{
	struct tshm_site *m = tshm_site_map(site);
	enum tshm_failure class = TSHM_FAIL_OTHER;

	if (!m)
		return;
	switch (error) {
	case EMFILE: case ENFILE: class = TSHM_FAIL_DESCRIPTORS; break;
	case ENOMEM: case ENOSPC: case EDQUOT: class = TSHM_FAIL_MEMORY; break;
	case ENOENT: case EIDRM: class = TSHM_FAIL_ABSENT; break;
	}
	tshm_add(&m->failed[class], 1);
	m->last_errno = error;
	m->last_mono = tshm_now_coarse();
}

void tshm_site_hold(uint32_t site, uint64_t bytes, bool acquired, uint64_t now)
{
	struct tshm_site *m = tshm_site_map(site);
	int64_t live;

	if (!m)
		return;
	if (acquired) {
		tshm_add(&m->acquired, 1);
		m->last_mono = now;
	}
	live = atomic_fetch_add_explicit((_Atomic int64_t *)&m->live, 1, memory_order_relaxed) + 1;
	if (live > m->peak)
		m->peak = live;
	if (bytes)
		tshm_add((uint64_t *)&m->live_bytes, bytes);
}

void tshm_site_let_go(uint32_t site, uint64_t bytes, bool released, uint64_t since)
{
	struct tshm_site *m = tshm_site_map(site);
	uint64_t life;

	if (!m)
		return;
	tshm_add((uint64_t *)&m->live, (uint64_t)-1);
	if (bytes)
		tshm_add((uint64_t *)&m->live_bytes, -bytes);
	if (!released)
		return;
	tshm_add(&m->released, 1);
	life = tshm_now_coarse() - since;
	if (!life)	/* within one tick: the first bucket is what the others leave of `released` */
		return;
	tshm_add(&m->life_sum, life);
	if (life > m->life_max)
		m->life_max = life;
	unsigned bucket = 63 - (unsigned)__builtin_clzll(life / 1000000 + 1);

	atomic_fetch_add_explicit((_Atomic uint32_t *)&m->life_log2[bucket < 31 ? bucket : 31], 1,
				  memory_order_relaxed);
}
