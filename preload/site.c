/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stddef.h>

#include "atomic.h"
#include "bytes.h"
#include "cfi.h"
#include "index.h"
#include "module.h"
#include "python.h"
#include "site.h"
#include "stack.h"
#include "store.h"

TSHM_INDEX(tshm_site_index, 4096);
static struct tshm_store *const tshm_sites = &tshm_stores[TSHM_SEC_SITES];

static inline __attribute__((always_inline)) struct tshm_own_site *site_of(uint32_t number)
{
	return number ? tshm_store_own_in(tshm_sites, TSHM_SITE_FORM, number) : NULL;
}

struct tshm_own_site *tshm_site_own(uint32_t site) { return site_of(site); }

static inline __attribute__((always_inline)) struct tshm_site *tshm_site_map(uint32_t site)
{
	struct tshm_own_site *o = site_of(site);

	if (!o)
		return NULL;
	if (TSHM_UNLIKELY(__atomic_load_n(&o->epoch, __ATOMIC_ACQUIRE) != tshm_epoch))
		tshm_site_mirror(site);
	return TSHM_GET(o->map);
}

void tshm_site_mirror(uint32_t site)
{
	struct tshm_own_site *o = site_of(site);
	struct tshm_site *m;

	if (!o || TSHM_GET(o->epoch) == tshm_epoch)
		return;
	m = tshm_store_map_in(tshm_sites, TSHM_SITE_FORM, site);
	TSHM_PUT(o->map, m);
	__atomic_store_n(&o->epoch, tshm_epoch, __ATOMIC_RELEASE);	/* says that `map` is this image's */
	if (!m)
		return;
	tshm_store_raise(tshm_sites, site + 1);
	TSHM_PUT(m->hash, o->hash);	/* two threads may do this at once, and write the same */
	TSHM_PUT(m->call, o->call);
	TSHM_PUT(m->depth, o->frame_count);
	TSHM_PUT(m->first_mono, tshm_now_coarse());
	for (unsigned i = 0; i < o->frame_count; i++) {
		if (o->frames[i].kind == TSHM_FRAME_NATIVE)	/* strings are in every ledger */
			tshm_module_mirror(o->frames[i].where);
		TSHM_PUT(m->frames[i].kind, o->frames[i].kind);
		TSHM_PUT(m->frames[i].where, o->frames[i].where);
		TSHM_PUT(m->frames[i].u.offset, o->frames[i].u.offset);
	}
	atomic_store_explicit((_Atomic uint64_t *)&m->stamp, TSHM_STAMP(1, TSHM_STATE_LIVE), memory_order_release);
}

static bool tshm_frame_is_eval(uintptr_t pc)
{
	return pc > tshm_python.eval && pc <= tshm_python.eval_end;
}

/* After a dlclose the same addresses may be other code: is this site still what it was? */
static bool tshm_site_still(struct tshm_own_site *o)
{
	uint32_t generation = atomic_load_explicit(&tshm_module_generation, memory_order_relaxed);

	if (TSHM_LIKELY(atomic_load_explicit(&o->generation, memory_order_relaxed) == generation))
		return true;
	for (unsigned i = 0, k = 0; i < o->depth; i++, k++) {
		struct tshm_frame now = tshm_module_frame(o->pcs[i]);

		if (o->python && tshm_frame_is_eval(o->pcs[i]))		/* Python's frames stand there */
			continue;
		while (k < o->frame_count && o->frames[k].kind == TSHM_FRAME_PYTHON)
			k++;
		if (k < o->frame_count && (now.where != o->frames[k].where || now.u.offset != o->frames[k].u.offset))
			return false;
	}
	atomic_store_explicit(&o->generation, generation, memory_order_relaxed);
	return true;
}

struct tshm_walked {
	unsigned depth;
	uintptr_t pcs[TSHM_DEPTH_MAX];
	struct tshm_shape shape;
	const struct tshm_python_stack *python;	/* NULL: none */
};

/*
 * Python's frames stand where its interpreter stands on the C stack, which has one or several
 * of them; what is left of either when the other ends goes behind it.
 */
static unsigned tshm_site_frames(struct tshm_own_site *o, const struct tshm_walked *w)
{
	unsigned n = 0, p = 0, count = w->python ? w->python->count : 0;

	for (unsigned i = 0; i < w->depth && n < TSHM_DEPTH_MAX; i++) {
		if (p == count || !tshm_frame_is_eval(w->pcs[i])) {
			o->frames[n++] = tshm_module_frame(w->pcs[i]);
			continue;
		}
		do
			o->frames[n++] = tshm_python_frame(&w->python->frames[p]);
		while (!w->python->frames[p++].entry && p < count && n < TSHM_DEPTH_MAX);
	}
	while (p < count && n < TSHM_DEPTH_MAX)
		o->frames[n++] = tshm_python_frame(&w->python->frames[p++]);
	return n;
}

static uint32_t tshm_site_new(uint64_t hash, enum tshm_call call, const struct tshm_walked *walked)
{
	uint32_t site = tshm_store_take(tshm_sites);
	struct tshm_own_site *o;

	if (!site)
		return 0;
	o = site_of(site);
	o->hash = hash;
	o->call = (uint16_t)call;
	o->depth = (uint16_t)walked->depth;
	o->epoch = 0;
	o->generation = atomic_load(&tshm_module_generation);
	o->shape = walked->shape;
	o->python = walked->python ? walked->python->hash : 0;
	for (unsigned i = 0; i < walked->depth; i++)
		o->pcs[i] = walked->pcs[i];
	o->frame_count = (uint16_t)tshm_site_frames(o, walked);
	o->stamp = TSHM_STAMP(1, TSHM_STATE_LIVE);
	tshm_site_mirror(site);
	/* Two threads may make the same site at once: both stay, the report merges by frames. */
	if (!tshm_index_insert(&tshm_site_index, hash, site))
		tshm_store_lost(tshm_sites);
	return site;
}

static __attribute__((noinline)) uint32_t tshm_site_walk(struct tshm_here here, const struct tshm_python_stack *python)
{
	struct tshm_walked walked;
	uint64_t hash = 0x9e3779b97f4a7c15ull * here.call;
	unsigned walk = 0;
	uint32_t site;

	walked.python = python;
	walked.shape.span = 0;
	walked.depth = tshm_stack_capture(here, walked.pcs, tshm_options.depth, &walked.shape);
	for (unsigned i = 0; i < walked.depth; i++)
		hash = (hash ^ walked.pcs[i]) * 0xff51afd7ed558ccdull + (hash >> 29);
	hash = tshm_mix(hash ^ (python ? python->hash : 0));
	while ((site = tshm_index_next(&tshm_site_index, hash, &walk))) {
		struct tshm_own_site *o = site_of(site);

		if (o->hash == hash && o->call == here.call && o->depth == walked.depth &&
		    o->python == (python ? python->hash : 0) &&
		    !__builtin_memcmp(o->pcs, walked.pcs, walked.depth * sizeof(walked.pcs[0])) &&
		    tshm_site_still(o))
			return site;
	}
	return tshm_site_new(hash, here.call, &walked);
}

/*
 * Which site a caller last was, by its pc and stack pointer: most calls come again
 * with the same stack, and then it is enough to see that it is the same (shape.h).
 */
#define TSHM_RECENT 4096
static _Atomic uint32_t tshm_recent[TSHM_RECENT];

static inline __attribute__((always_inline)) uint32_t tshm_site_of(struct tshm_here here,
								    const struct tshm_python_stack *python)
{
	uint64_t of_python = python ? python->hash : 0;
	uint64_t hash = (here.pc ^ here.sp << 20 ^ here.call ^ of_python) * 0x9e3779b97f4a7c15ull;
	_Atomic uint32_t *recent = &tshm_recent[hash >> 52];
	uint32_t site = atomic_load_explicit(recent, memory_order_acquire);
	struct tshm_own_site *o = site_of(site);

	if (TSHM_LIKELY(o && o->call == here.call && o->depth && o->python == of_python) &&
	    TSHM_LIKELY(atomic_load_explicit(&o->generation, memory_order_relaxed) ==
			atomic_load_explicit(&tshm_module_generation, memory_order_relaxed)) &&
	    TSHM_LIKELY(tshm_shape_fits(&o->shape, here, tshm_cfi_reach(here.sp), o->pcs, o->depth)))
		return site;
	site = tshm_site_walk(here, python);
	atomic_store_explicit(recent, site, memory_order_release);
	return site;
}

static __attribute__((noinline)) uint32_t tshm_site_of_python(struct tshm_here here)
{
	struct tshm_python_stack python;

	tshm_python_walk(&python);
	return tshm_site_of(here, python.count ? &python : NULL);
}

uint32_t tshm_site_here(struct tshm_here here)
{
	if (TSHM_UNLIKELY(tshm_python.thread_state))
		return tshm_site_of_python(here);
	return tshm_site_of(here, NULL);
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
	tshm_atomic_add(&m->failed[class], 1);
	TSHM_PUT(m->last_errno, error);
	TSHM_PUT(m->last_mono, tshm_now_coarse());
}

void tshm_site_hold(uint32_t site, uint64_t bytes, bool acquired, uint64_t now)
{
	struct tshm_site *m = tshm_site_map(site);
	int64_t live;

	if (!m)
		return;
	if (acquired) {
		tshm_atomic_add(&m->acquired, 1);
		TSHM_PUT(m->last_mono, now);
	}
	live = (int64_t)tshm_atomic_fetch_add((_Atomic uint64_t *)&m->live, 1) + 1;
	if (live > TSHM_GET(m->peak))
		TSHM_PUT(m->peak, live);
	if (bytes)
		tshm_atomic_add((uint64_t *)&m->live_bytes, bytes);
}

void tshm_site_inherit(uint32_t site, uint64_t count, uint64_t bytes)
{
	struct tshm_site *m = tshm_site_map(site);

	if (!m)
		return;
	m->live += (int64_t)count;
	m->live_bytes += (int64_t)bytes;
	if (m->live > m->peak)
		m->peak = m->live;
}

void tshm_site_let_go(uint32_t site, uint64_t bytes, bool released, uint64_t life)
{
	struct tshm_site *m = tshm_site_map(site);

	if (!m)
		return;
	tshm_atomic_add((uint64_t *)&m->live, (uint64_t)-1);
	if (bytes)
		tshm_atomic_add((uint64_t *)&m->live_bytes, -bytes);
	if (!released)
		return;
	tshm_atomic_add(&m->released, 1);
	if (!life)	/* within one tick: the first bucket is what the others leave of `released` */
		return;
	tshm_atomic_add(&m->life_sum, life);
	if (life > TSHM_GET(m->life_max))
		TSHM_PUT(m->life_max, life);
	unsigned bucket = 63 - (unsigned)__builtin_clzll(life / 1000000 + 1);

	atomic_fetch_add_explicit((_Atomic uint32_t *)&m->life_log2[bucket < 31 ? bucket : 31], 1,
				  memory_order_relaxed);
}
