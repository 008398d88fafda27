/* SPDX-License-Identifier: MIT */
/*
 * A mark counts what is live at its begin and at its end, by class and by call site.  The counts by
 * site are in private pages while it lasts; what grew most is written to the ledger at its end, since
 * what the program closes later would be gone from it when somebody reads it.
 *
 * Records are what the library believes.  At the end, those made since the begin are confirmed by the
 * kernel, so that what was closed behind our back is no growth.
 */
#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>

#include "bytes.h"
#include "held.h"
#include "ipc.h"
#include "mark.h"
#include "site.h"
#include "strings.h"
#include "sys.h"

#define OPEN_MARKS 64	/* that have not ended, in all threads */

/* How many are live, of each class and from each site. */
struct tally {
	int64_t live[TSHM_MARK_CLASSES];
	uint32_t sites;		/* by_site has so many rows */
	uint64_t bytes;
	int32_t (*by_site)[TSHM_MARK_CLASSES];	/* NULL: no memory */
};

struct open_mark {
	_Atomic uint32_t state;	/* 0 free, 1 being changed, 2 open, 3 the last of its name that ended */
	uint32_t epoch, number, tid, name;
	uint64_t sequence, begin_mono;
	struct tally begin;
	int64_t end[TSHM_MARK_CLASSES];
};
enum { FREE, BUSY, OPEN, ENDED };

static struct open_mark marks[OPEN_MARKS];
static _Atomic uint64_t sequence;
static _Atomic uint32_t hand;
static struct tshm_store *const store = &tshm_stores[TSHM_SEC_MARKS];

static int class_of(const struct tshm_resource *r)
{
	switch (tshm_kind_by(r->kind)) {
	case TSHM_BY_DESCRIPTOR:
		return r->kind == TSHM_KIND_SEGMENT || r->kind == TSHM_KIND_MEMFD ? TSHM_MARK_SEGMENTS :
										    TSHM_MARK_DESCRIPTORS;
	case TSHM_BY_RANGE:
		return r->kind == TSHM_KIND_ATTACHMENT ||
		       (r->kind == TSHM_KIND_MAPPING &&
			(r->extra == TSHM_KIND_SEGMENT || r->extra == TSHM_KIND_MEMFD)) ? TSHM_MARK_SEGMENT_MAPS :
											 TSHM_MARK_OTHER_MAPS;
	case TSHM_BY_POINTER:
		return r->kind == TSHM_KIND_CUDA_MEMORY ? TSHM_MARK_CUDA_MEMORY : TSHM_MARK_SEMAPHORES;
	default:
		return -1;
	}
}

static bool is_there(const struct tshm_resource *r)
{
	if (tshm_confined)	/* nobody may be asked */
		return true;
	switch (tshm_kind_by(r->kind)) {
	case TSHM_BY_DESCRIPTOR: return TSHM_SYS3(SYS_fcntl, r->key, F_GETFD, 0) >= 0;
	case TSHM_BY_RANGE: return !tshm_range_is_gone(r->key);
	default: return true;
	}
}

static void add(struct tally *t, int class, uint32_t site, int32_t count)
{
	if (class < 0)
		return;
	t->live[class] += count;
	if (t->by_site && site < t->sites)
		t->by_site[site][class] += count;
}

static void count_held(struct tally *t, uint64_t since)
{
	uint32_t used = atomic_load(&tshm_stores[TSHM_SEC_RESOURCES].used);

	for (uint32_t n = 1; n < used; n++) {
		const struct tshm_resource *r = tshm_store_own(&tshm_stores[TSHM_SEC_RESOURCES], n);

		if (r && TSHM_STAMP_STATE(r->stamp) == TSHM_STATE_LIVE &&
		    (!since || r->acquired_mono < since || is_there(r)))
			add(t, class_of(r), r->site, 1);
	}
}

static void count_ipc(struct tally *t)
{
	uint32_t used = atomic_load(&tshm_stores[TSHM_SEC_IPC].used);

	for (uint32_t n = 1; n < used; n++) {
		const struct tshm_own_ipc *o = tshm_store_own(&tshm_stores[TSHM_SEC_IPC], n);

		if (!o || o->epoch != tshm_epoch || TSHM_STAMP_STATE(o->r.stamp) != TSHM_STATE_LIVE)
			continue;
		if (o->r.role == TSHM_IPC_IMPORT)
			add(t, TSHM_MARK_IPC_MEMORY, o->r.site, (int32_t)(o->r.count - o->r.released));
		else if (o->r.role == TSHM_IPC_EVENT_EXPORT || o->r.role == TSHM_IPC_EVENT_IMPORT)
			add(t, TSHM_MARK_IPC_EVENTS, o->r.site, 1);
	}
}

/* since: records made from then on (coarse) are asked of the kernel; 0: none. */
static void tally_make(struct tally *t, uint64_t since)
{
	*t = (struct tally){ .sites = atomic_load(&tshm_stores[TSHM_SEC_SITES].used) };
	t->bytes = ((uint64_t)t->sites * sizeof(t->by_site[0]) + 4095) & ~4095ull;
	t->by_site = tshm_pages(t->bytes);
	count_held(t, since);
	count_ipc(t);
}

static void tally_free(struct tally *t)
{
	if (t->by_site)
		TSHM_SYS2(SYS_munmap, t->by_site, t->bytes);
	t->by_site = NULL;
}

void tshm_marks_live(int64_t live[TSHM_MARK_CLASSES])
{
	struct tally t;

	t = (struct tally){ .sites = 0 };
	count_held(&t, 0);
	count_ipc(&t);
	__builtin_memcpy(live, t.live, sizeof(t.live));
}

static struct tshm_mark *record_new(uint32_t *number)
{
	uint32_t n = tshm_store_take_fresh(store, store->capacity);
	struct tshm_mark *m;
	bool again = !n;

	if (again)	/* the ring is full: the oldest goes, ended or not */
		n = atomic_fetch_add(&hand, 1) % (store->capacity - 1) + 1;
	*number = n;
	m = tshm_store_map(store, n);
	if (!m || (again && TSHM_STAMP_STATE(m->stamp) == TSHM_STATE_LIVE))
		tshm_store_lost(store);
	else if (again)
		tshm_store_recycled(store);
	if (m)
		atomic_store_explicit((_Atomic uint64_t *)&m->stamp,
				      TSHM_STAMP(TSHM_STAMP_GENERATION(m->stamp) + 1, TSHM_STATE_BUSY), memory_order_relaxed);
	return m;
}

static void record_state(struct tshm_mark *m, enum tshm_state state)
{
	atomic_store_explicit((_Atomic uint64_t *)&m->stamp, TSHM_STAMP(TSHM_STAMP_GENERATION(m->stamp), state),
			      memory_order_release);
}

/* A place of one's own: BUSY. */
static struct open_mark *place(uint32_t name)
{
	for (int pass = 0; pass < 2; pass++)
		for (int i = 0; i < OPEN_MARKS; i++) {
			uint32_t state = atomic_load(&marks[i].state);
			/* One that has ended is kept for questions until the next of its name, or until room is short. */
			bool usable = state == FREE || (state != BUSY && marks[i].epoch != tshm_epoch) ||
				      (state == ENDED && (pass || marks[i].name == name));

			if (usable && atomic_compare_exchange_strong(&marks[i].state, &state, BUSY))
				return &marks[i];
		}
	return NULL;
}

void tshm_marks_begin(const char *name)
{
	uint32_t string = tshm_string(name, tshm_length(name));
	struct open_mark *o = string ? place(string) : NULL;
	struct tshm_mark *m;

	if (!o) {
		tshm_store_lost(store);
		return;
	}
	m = record_new(&o->number);
	o->epoch = tshm_epoch;
	o->tid = (uint32_t)tshm_tid();
	o->name = string;
	o->sequence = atomic_fetch_add(&sequence, 1) + 1;
	tally_make(&o->begin, 0);
	o->begin_mono = tshm_now_precise();
	if (m) {
		*m = (struct tshm_mark){ .stamp = m->stamp, .begin_mono = o->begin_mono, .sequence = o->sequence,
					 .name = string, .tid = o->tid };
		__builtin_memcpy(m->live_begin, o->begin.live, sizeof(m->live_begin));
		record_state(m, TSHM_STATE_LIVE);
		tshm_store_raise(store, o->number + 1);
	} else {
		o->number = 0;
	}
	atomic_store(&o->state, OPEN);
}

/* The newest of this name, of this thread rather than of another; ended ones only where asked for. */
static struct open_mark *find(const char *name, bool ended)
{
	uint32_t string = tshm_string(name, tshm_length(name));
	uint32_t tid = (uint32_t)tshm_tid();
	struct open_mark *found = NULL;

	for (int i = 0; string && i < OPEN_MARKS; i++) {
		struct open_mark *o = &marks[i];
		uint32_t state = atomic_load(&o->state);

		if ((state != OPEN && !(ended && state == ENDED)) || o->epoch != tshm_epoch || o->name != string)
			continue;
		if (!found || (o->tid == tid) > (found->tid == tid) ||
		    ((o->tid == tid) == (found->tid == tid) && o->sequence > found->sequence))
			found = o;
	}
	return found;
}

static void put_leaf(struct tshm_mark *m, uint32_t site, int class, int32_t grown, int32_t live)
{
	struct tshm_mark_leaf leaf = { site, (uint32_t)live, (uint16_t)class, (uint16_t)(grown > 65535 ? 65535 : grown) };

	for (int i = 0; i < TSHM_MARK_LEAVES; i++)
		if (leaf.grown > m->leaves[i].grown) {
			struct tshm_mark_leaf less = m->leaves[i];

			m->leaves[i] = leaf;
			leaf = less;
		}
}

static void put_leaves(struct tshm_mark *m, const struct tally *begin, const struct tally *end)
{
	if (!end->by_site || !begin->by_site)
		return;
	for (uint32_t site = 1; site < end->sites; site++)
		for (int class = 0; class < TSHM_MARK_CLASSES; class++) {
			int32_t grown = end->by_site[site][class] - (site < begin->sites ? begin->by_site[site][class] : 0);

			if (grown > 0)
				put_leaf(m, site, class, grown, end->by_site[site][class]);
		}
	for (int i = 0; i < TSHM_MARK_LEAVES; i++)
		tshm_site_mirror(m->leaves[i].site);
}

int tshm_marks_end(const char *name)
{
	struct open_mark *o = find(name, false);
	uint32_t state = OPEN;
	struct tshm_mark *m;
	struct tally end;

	if (!o || !atomic_compare_exchange_strong(&o->state, &state, BUSY))
		return -1;
	/* Times of records are coarse: a tick of them lies before the begin. */
	tally_make(&end, o->begin_mono > 20000000 ? o->begin_mono - 20000000 : 1);
	__builtin_memcpy(o->end, end.live, sizeof(o->end));
	m = o->number ? tshm_store_map(store, o->number) : NULL;
	if (m && m->sequence == o->sequence) {
		m->end_mono = tshm_now_precise();
		__builtin_memcpy(m->live_end, end.live, sizeof(m->live_end));
		put_leaves(m, &o->begin, &end);
		record_state(m, TSHM_STATE_CLOSED);
	}
	tally_free(&end);
	tally_free(&o->begin);
	atomic_store(&o->state, ENDED);
	return 0;
}

bool tshm_marks_growth(const char *name, int64_t grown[TSHM_MARK_CLASSES])
{
	const struct open_mark *o = find(name, true);
	struct tally now = { .sites = 0 };

	if (!o)
		return false;
	if (atomic_load(&o->state) == OPEN) {
		count_held(&now, o->begin_mono > 20000000 ? o->begin_mono - 20000000 : 1);
		count_ipc(&now);
	} else {
		__builtin_memcpy(now.live, o->end, sizeof(now.live));
	}
	for (int class = 0; class < TSHM_MARK_CLASSES; class++)
		grown[class] = now.live[class] - o->begin.live[class];
	return true;
}
