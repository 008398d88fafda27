/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>

#include "atomic.h"
#include "bytes.h"
#include "history.h"
#include "name.h"
#include "site.h"
#include "store.h"
#include "sys.h"

#define TSHM_HISTORY_SOFT 1024	/* from here on what has ended is overwritten first */
#define TSHM_HISTORY_LOOK 64	/* records looked at for one that has ended */

static struct tshm_store *const tshm_past = &tshm_stores[TSHM_SEC_HISTORY];
static _Atomic uint32_t tshm_hand;	/* where the search for ended records goes on */

struct tshm_own_history *tshm_history(uint32_t number)
{
	struct tshm_own_history *o = tshm_store_own_in(tshm_past, TSHM_HISTORY_FORM, number);

	if (!o)		/* a number that was given out has its chunk */
		__builtin_unreachable();
	return o;
}

void tshm_history_ref(uint32_t number)
{
	struct tshm_own_history *o = tshm_history(number);
	struct tshm_history *m;

	if (atomic_fetch_add_explicit(&o->refs, 1, memory_order_relaxed) || TSHM_GET(o->h.type) != TSHM_HIST_NAME ||
	    !TSHM_GET(o->h.low))
		return;
	/* A name is in use again: when its last use ended is no longer true. */
	TSHM_PUT(o->h.low, 0);
	m = tshm_store_map(tshm_past, number);
	if (m && TSHM_GET(m->stamp) == TSHM_GET(o->h.stamp))
		TSHM_PUT(m->low, 0);
}

void tshm_history_commit(uint32_t number, enum tshm_state state)
{
	tshm_store_commit(tshm_past, number, state);
}

bool tshm_history_take(uint32_t number, uint64_t stamp)
{
	return atomic_compare_exchange_strong((_Atomic uint64_t *)&tshm_history(number)->h.stamp, &stamp,
					      TSHM_STAMP(TSHM_STAMP_GENERATION(stamp), TSHM_STATE_BUSY));
}

void tshm_history_end(uint32_t number)
{
	struct tshm_history *h = &tshm_history(number)->h;

	TSHM_PUT(h->end_mono, tshm_now_precise());	/* what came before a call of another process is told by this */
	TSHM_PUT(h->end_wall, tshm_wall_coarse());
}

void tshm_history_unref(uint32_t number)
{
	struct tshm_own_history *o = tshm_history(number);
	/* Looked at before: without a reference it may be overwritten. */
	uint64_t stamp = atomic_load((_Atomic uint64_t *)&o->h.stamp);
	bool segment = TSHM_GET(o->h.type) == TSHM_HIST_SEGMENT && TSHM_STAMP_STATE(stamp) == TSHM_STATE_LIVE;
	bool name = TSHM_GET(o->h.type) == TSHM_HIST_NAME && TSHM_STAMP_STATE(stamp) >= TSHM_STATE_LIVE;

	if (atomic_fetch_sub_explicit(&o->refs, 1, memory_order_acq_rel) != 1)
		return;
	/* A nameless segment ends with its last descriptor and mapping here. */
	if (segment && tshm_history_take(number, stamp)) {
		tshm_history_end(number);
		tshm_history_commit(number, TSHM_STATE_CLOSED);
	} else if (name && tshm_history_take(number, stamp)) {	/* when this image last used it */
		TSHM_PUT(o->h.low, (int64_t)tshm_now_precise());
		tshm_history_commit(number, TSHM_STAMP_STATE(stamp));
	}
}

/* May this record be overwritten?  *asked: one question to the kernel is enough for one allocation. */
static bool tshm_history_ended(struct tshm_own_history *o, uint64_t stamp, bool *asked)
{
	enum tshm_state state = TSHM_STAMP_STATE(stamp);

	if (state != TSHM_STATE_LIVE && state != TSHM_STATE_CLOSED)
		return false;
	if (TSHM_GET(o->epoch) != tshm_epoch)	/* left over from before fork: its references were the parent's */
		return true;
	if (atomic_load_explicit(&o->refs, memory_order_relaxed))
		return false;
	if (state == TSHM_STATE_CLOSED)
		return true;
	if (*asked)
		return false;
	*asked = true;
	return tshm_name_is_gone(&o->h);
}

/* `o` is to be overwritten.  If it is from before fork, what it keeps may be gone: only what came along is there. */
static void tshm_history_let_go(struct tshm_own_history *o, bool old)
{
	struct tshm_own_history *kept = o->keeps ? tshm_history(o->keeps) : NULL;

	if (kept && (!old || (kept->epoch == tshm_epoch && kept->h.flags & TSHM_HIF_INHERITED)))
		tshm_history_unref(o->keeps);
	TSHM_PUT(o->keeps, 0);
}

/* Takes a record whose stamp was this one for something new: BUSY and ours.  false: somebody else did, or needs it. */
static bool tshm_history_overwrite(uint32_t number, uint64_t stamp)
{
	struct tshm_own_history *o = tshm_history(number);
	bool old = TSHM_GET(o->epoch) != tshm_epoch;
	uint64_t was = stamp;

	if (!atomic_compare_exchange_strong((_Atomic uint64_t *)&o->h.stamp, &stamp,
		TSHM_STAMP((uint32_t)(TSHM_STAMP_GENERATION(stamp) + 1), TSHM_STATE_BUSY)))
		return false;
	if (!old && atomic_load(&o->refs)) {	/* since we looked (tshm_removal_keep) */
		atomic_store((_Atomic uint64_t *)&o->h.stamp, was);
		return false;
	}
	tshm_name_unindex(number);
	tshm_history_let_go(o, old);
	if (old)
		atomic_store_explicit(&o->refs, 0, memory_order_relaxed);
	else
		tshm_store_recycled(tshm_past);
	return true;
}

/* An ended record to overwrite, BUSY and ours; 0: none found in a bounded look. */
static uint32_t tshm_history_recycle(void)
{
	uint32_t used = atomic_load(&tshm_past->used);
	bool asked = false;

	for (int i = 0; i < TSHM_HISTORY_LOOK; i++) {
		uint32_t number = atomic_fetch_add_explicit(&tshm_hand, 1, memory_order_relaxed) % (used - 1) + 1;
		struct tshm_own_history *o = tshm_store_own(tshm_past, number);
		uint64_t stamp;

		if (!o)
			continue;
		stamp = atomic_load_explicit((_Atomic uint64_t *)&o->h.stamp, memory_order_acquire);
		if (tshm_history_ended(o, stamp, &asked) && tshm_history_overwrite(number, stamp))
			return number;
	}
	return 0;
}

static void tshm_history_begin(uint32_t number, enum tshm_history_type type, enum tshm_call call, uint32_t site)
{
	struct tshm_own_history *o = tshm_history(number);

	/* Not refs, which are 0 here, or will be at once (tshm_removal_keep). */
	for (unsigned i = 1; i < sizeof(o->h) / 8; i++)
		TSHM_PUT(((uint64_t *)&o->h)[i], 0);
	TSHM_PUT(o->hash, 0);
	TSHM_PUT(o->keeps, 0);
	TSHM_PUT(o->epoch, tshm_epoch);
	TSHM_PUT(o->h.type, (uint16_t)type);
	TSHM_PUT(o->h.call, (uint16_t)call);
	TSHM_PUT(o->h.site, site);
	TSHM_PUT(o->h.tid, (uint32_t)tshm_tid());
	TSHM_PUT(o->h.begin_mono, tshm_now_coarse());
	TSHM_PUT(o->h.begin_wall, tshm_wall_coarse());
}

bool tshm_history_again(uint32_t number, enum tshm_history_type type, enum tshm_call call, uint32_t site)
{
	struct tshm_own_history *o = tshm_history(number);
	uint64_t stamp = atomic_load_explicit((_Atomic uint64_t *)&o->h.stamp, memory_order_acquire);

	if (TSHM_STAMP_STATE(stamp) != TSHM_STATE_CLOSED || TSHM_GET(o->h.type) != type || TSHM_GET(o->epoch) != tshm_epoch ||
	    !tshm_history_overwrite(number, stamp))
		return false;
	tshm_history_begin(number, type, call, site);
	return true;
}

uint32_t tshm_history_new(enum tshm_history_type type, enum tshm_call call, uint32_t site)
{
	uint32_t number = 0;

	if (atomic_load_explicit(&tshm_past->used, memory_order_relaxed) > TSHM_HISTORY_SOFT &&
	    !tshm_store_has_free(tshm_past))
		number = tshm_history_recycle();
	if (!number)
		number = tshm_store_take(tshm_past);
	if (number)
		tshm_history_begin(number, type, call, site);
	return number;
}

/*
 * Only what a live resource refers to goes on in the child.  The rest is the parent's
 * affair; it is not touched (that would copy its pages), but its epoch is over, so
 * it is neither found nor kept from being overwritten.
 */
void tshm_history_forked(void)
{
	uint32_t used = atomic_load(&tshm_past->used);

	for (uint32_t n = 1; n < used; n++) {
		struct tshm_own_history *o = tshm_store_own(tshm_past, n);
		enum tshm_state state;

		if (!o || !o->refs || (o->h.type != TSHM_HIST_NAME && o->h.type != TSHM_HIST_SEGMENT))
			continue;
		state = TSHM_STAMP_STATE(TSHM_GET(o->h.stamp));
		if (state != TSHM_STATE_LIVE && state != TSHM_STATE_CLOSED)
			continue;
		TSHM_PUT(o->epoch, tshm_epoch);
		TSHM_PUT(o->h.flags, o->h.flags | TSHM_HIF_INHERITED);
		tshm_site_mirror(o->h.site);
		tshm_site_mirror(o->h.end_site);
		tshm_history_commit(n, state);
	}
}

void tshm_history_size(uint32_t number, uint64_t size)
{
	struct tshm_history *h = &tshm_history(number)->h, *m = tshm_store_map(tshm_past, number);

	TSHM_PUT(h->size, size);
	if (m && TSHM_GET(m->stamp) == TSHM_GET(h->stamp))
		TSHM_PUT(m->size, size);
}

struct tshm_history *tshm_history_of_site(_Atomic uint32_t *kept, enum tshm_history_type type, enum tshm_call call,
					  uint32_t site, uint32_t *number)
{
	struct tshm_history *h;

	*number = atomic_load(kept);
	if (*number) {
		h = &tshm_history(*number)->h;
		/* After fork the number may stand for something else. */
		if (TSHM_GET(tshm_history(*number)->epoch) == tshm_epoch && h->type == type && h->site == site &&
		    TSHM_STAMP_STATE(TSHM_GET(h->stamp)) == TSHM_STATE_CLOSED)
			return h;
	}
	*number = tshm_history_new(type, call, site);
	if (!*number)
		return NULL;
	tshm_history_ref(*number);	/* the site refers to it: it must not be overwritten */
	atomic_store(kept, *number);
	return &tshm_history(*number)->h;
}
