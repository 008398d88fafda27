/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>

#include "atomic.h"
#include "bytes.h"
#include "history.h"
#include "index.h"
#include "site.h"
#include "store.h"
#include "sys.h"

#define TSHM_HISTORY_SOFT 1024	/* from here on what has ended is overwritten first */
#define TSHM_HISTORY_LOOK 64	/* records looked at for one that has ended */

TSHM_INDEX(tshm_names, 8192);
static struct tshm_store *const tshm_past = &tshm_stores[TSHM_SEC_HISTORY];
static _Atomic uint32_t tshm_hand;	/* where the search for ended records goes on */

struct tshm_own_history *tshm_history(uint32_t number)
{
	struct tshm_own_history *o = tshm_store_own(tshm_past, number);

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

/*
 * A standing record that is to be changed is taken first, by its stamp: another thread may
 * have overwritten it since it was found.  In the file it stays as it was until the commit.
 */
static bool tshm_history_take(uint32_t number, uint64_t stamp)
{
	return atomic_compare_exchange_strong((_Atomic uint64_t *)&tshm_history(number)->h.stamp, &stamp,
					      TSHM_STAMP(TSHM_STAMP_GENERATION(stamp), TSHM_STATE_BUSY));
}

static void tshm_history_end(uint32_t number)
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

static uint64_t tshm_name_hash(enum tshm_space space, const char *name, int64_t id)
{
	uint64_t hash = name && *name ? tshm_hash_bytes(name, tshm_length(name)) : tshm_mix((uint64_t)id);

	return tshm_mix(hash + space) | 1;
}

static void tshm_name_unindex(uint32_t number)
{
	struct tshm_own_history *o = tshm_history(number);

	if (o->hash)
		tshm_index_remove(&tshm_names, o->hash, number);
	TSHM_PUT(o->hash, 0);
}

/*
 * Has somebody else removed the name since?  Then its interval has ended.  An intent is
 * its maker's until the call has been made: that there is no such name says nothing yet.
 */
static bool tshm_name_is_gone(const struct tshm_history *h)
{
	struct stat st;

	unsigned space = TSHM_GET(h->space);

	if (TSHM_GET(h->flags) & TSHM_HIF_INTENT)
		return false;
	if (TSHM_GET(h->type) != TSHM_HIST_NAME ||
	    (space != TSHM_SPACE_SHM && space != TSHM_SPACE_SEM && space != TSHM_SPACE_SOCKET))
		return false;
	return TSHM_SYS4(SYS_newfstatat, AT_FDCWD, h->name, &st, AT_SYMLINK_NOFOLLOW) == -ENOENT;
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

bool tshm_history_is_shm(uint64_t dev)
{
	struct stat st;

	if (!tshm_header->shm_dev && TSHM_SYS4(SYS_newfstatat, AT_FDCWD, "/dev/shm", &st, 0) == 0)
		tshm_header->shm_dev = st.st_dev;
	return tshm_header->shm_dev == dev && dev;
}

bool tshm_path_is_shm(const char *path)
{
	return path && path[0] == '/' && (tshm_starts(path, "/dev/shm/") || tshm_starts(path, "/run/shm/"));
}

/* A longer one loses its end. */
static void tshm_name_put(struct tshm_history *h, const char *name)
{
	for (size_t i = 0; i < sizeof(h->name) - 1 && name[i]; i++)
		TSHM_PUT(h->name[i], name[i]);
}

/* The record may be overwritten meanwhile. */
static bool tshm_name_is(const struct tshm_history *h, const char *name)
{
	size_t i = 0;

	while (i < sizeof(h->name) - 1 && name[i] && TSHM_GET(h->name[i]) == name[i])
		i++;
	return TSHM_GET(h->name[i]) == name[i];
}

/* *stamp: of the record when it was seen to be the one (tshm_history_take). */
static uint32_t tshm_name_look(enum tshm_space space, const char *name, int64_t id, uint64_t *stamp)
{
	uint64_t hash = tshm_name_hash(space, name, id);
	unsigned walk = 0;
	uint32_t number;

	while ((number = tshm_index_next(&tshm_names, hash, &walk))) {
		struct tshm_own_history *o = tshm_history(number);

		*stamp = atomic_load_explicit((_Atomic uint64_t *)&o->h.stamp, memory_order_acquire);
		if (TSHM_GET(o->hash) == hash && TSHM_GET(o->epoch) == tshm_epoch && TSHM_GET(o->h.space) == space &&
		    TSHM_STAMP_STATE(*stamp) == TSHM_STATE_LIVE &&
		    (name && *name ? tshm_name_is(&o->h, name) : TSHM_GET(o->h.id) == id))
			return number;
	}
	return 0;
}

uint32_t tshm_name_find(enum tshm_space space, const char *name, int64_t id)
{
	uint64_t stamp;

	return tshm_name_look(space, name, id, &stamp);
}

uint32_t tshm_name_intent(enum tshm_space space, enum tshm_call call, const char *name, int64_t ipc_key,
			  uint32_t flags, uint32_t site)
{
	uint32_t number = tshm_history_new(TSHM_HIST_NAME, call, site);
	struct tshm_history *h;

	if (!number)
		return 0;
	h = &tshm_history(number)->h;
	TSHM_PUT(h->space, (uint16_t)space);
	TSHM_PUT(h->ipc_key, ipc_key);
	TSHM_PUT(h->flags, TSHM_HIF_INTENT | flags);
	if (name)
		tshm_name_put(h, name);
	tshm_history_commit(number, TSHM_STATE_LIVE);
	return number;
}

void tshm_name_identify(uint32_t number, const struct stat *st)
{
	struct tshm_history *h = &tshm_history(number)->h;

	TSHM_PUT(h->dev, st->st_dev);
	TSHM_PUT(h->ino, st->st_ino);
	TSHM_PUT(h->mode, st->st_mode);
	TSHM_PUT(h->size, (uint64_t)st->st_size);
	TSHM_PUT(h->flags, h->flags | TSHM_HIF_IDENT);
	tshm_history_commit(number, TSHM_STATE_LIVE);
}

void tshm_name_withdraw(uint32_t number)
{
	if (number)
		tshm_store_drop(tshm_past, number);
}

uint32_t tshm_name_confirm(uint32_t number, uint32_t flags, const struct stat *st, int64_t id)
{
	struct tshm_own_history *o;
	uint32_t known;
	uint64_t stamp;

	if (!number)
		return 0;
	o = tshm_history(number);
	tshm_attach_worked(o->h.space, o->h.space == TSHM_SPACE_SYSV ? NULL : o->h.name, id, o->h.ipc_key);
	known = tshm_name_look(o->h.space, o->h.name, id, &stamp);
	if (known) {
		struct tshm_history *old = &tshm_history(known)->h;

		/* Opened again with O_CREAT: the record that stands is the better one. */
		if ((flags & TSHM_HIF_MAYBE) && (!st || (old->dev == st->st_dev && old->ino == st->st_ino))) {
			tshm_name_withdraw(number);
			return known;
		}
		/* The name leads elsewhere now: somebody removed what we knew. */
		if (tshm_history_take(known, stamp)) {
			TSHM_PUT(old->flags, old->flags | TSHM_HIF_GONE);
			tshm_history_end(known);
			tshm_name_unindex(known);
			tshm_history_commit(known, TSHM_STATE_CLOSED);
		}
	}
	/* It was ours alone as an intent; it is not, once the flag is gone. */
	tshm_history_take(number, TSHM_GET(o->h.stamp));
	TSHM_PUT(o->h.flags, (o->h.flags & ~(uint32_t)TSHM_HIF_INTENT) | flags);
	TSHM_PUT(o->h.id, id);
	TSHM_PUT(o->h.before_mono, tshm_now_precise());
	if (st) {
		TSHM_PUT(o->h.dev, st->st_dev);
		TSHM_PUT(o->h.ino, st->st_ino);
		TSHM_PUT(o->h.mode, st->st_mode);
		TSHM_PUT(o->h.size, (uint64_t)st->st_size);
		TSHM_PUT(o->h.flags, o->h.flags | TSHM_HIF_IDENT);
	}
	TSHM_PUT(o->hash, tshm_name_hash(o->h.space, o->h.name, id));
	tshm_index_insert(&tshm_names, o->hash, number);
	tshm_history_commit(number, TSHM_STATE_LIVE);	/* last: from here on it may be overwritten */
	return number;
}

void tshm_removal_look(struct tshm_removal *r, enum tshm_space space, const char *name, int64_t id)
{
	struct stat st;

	*r = (struct tshm_removal){ .space = space, .name = name, .id = id };
	r->number = tshm_name_look(space, name, id, &r->stamp);
	if (r->number) {
		const struct tshm_history *h = &tshm_history(r->number)->h;

		r->has_ident = TSHM_GET(h->flags) & TSHM_HIF_IDENT;
		r->dev = TSHM_GET(h->dev);
		r->ino = TSHM_GET(h->ino);
		r->size = TSHM_GET(h->size);
		atomic_thread_fence(memory_order_acquire);
		if (atomic_load_explicit((const _Atomic uint64_t *)&h->stamp, memory_order_relaxed) != r->stamp)
			r->number = 0;		/* overwritten meanwhile: what was copied may be another's */
		r->has_ident = r->has_ident && r->number;
	} else if ((space == TSHM_SPACE_SHM || space == TSHM_SPACE_SEM) &&
		   TSHM_SYS4(SYS_newfstatat, AT_FDCWD, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		r->has_ident = true;
		r->dev = st.st_dev;
		r->ino = st.st_ino;
		r->size = (uint64_t)st.st_size;
	}
}

void tshm_name_keeps(uint32_t number, uint32_t from)
{
	uint32_t maker = tshm_history(from)->keeps;

	if (maker) {		/* the first of a line of names, and none between */
		tshm_history_ref(maker);
		tshm_history_unref(from);
	}
	tshm_history(number)->keeps = maker ? maker : from;
}

/*
 * While a name is being moved its record must stay: killed then, the new name's creator is
 * known by it alone.
 */
bool tshm_removal_keep(const struct tshm_removal *r)
{
	struct tshm_own_history *o = r->number ? tshm_history(r->number) : NULL;

	if (!o)
		return false;
	atomic_fetch_add(&o->refs, 1);
	if (atomic_load((_Atomic uint64_t *)&o->h.stamp) == r->stamp)
		return true;
	atomic_fetch_sub(&o->refs, 1);		/* overwritten just before; it has refs of its own */
	return false;
}

/* A name's record that was taken ends by a call of ours. */
static void tshm_name_end(uint32_t number, uint32_t flags, struct tshm_here here, uint32_t site)
{
	struct tshm_history *h = &tshm_history(number)->h;

	tshm_name_unindex(number);
	tshm_site_mirror(site);
	TSHM_PUT(h->flags, h->flags | flags);
	TSHM_PUT(h->end_site, site);
	TSHM_PUT(h->end_tid, (uint32_t)tshm_tid());
	TSHM_PUT(h->end_call, here.call);
	tshm_history_end(number);
	tshm_history_commit(number, TSHM_STATE_CLOSED);
}

uint32_t tshm_removal_done(const struct tshm_removal *r, struct tshm_here here, uint32_t flags)
{
	uint32_t site = tshm_site_here(here);
	uint32_t number = r->number;
	struct tshm_history *h;

	if (number && !(TSHM_GET(tshm_history(number)->h.flags) & TSHM_HIF_INHERITED) && tshm_history_take(number, r->stamp)) {
		tshm_name_end(number, TSHM_HIF_REMOVED | flags, here, site);
		return number;
	}
	number = tshm_history_new(TSHM_HIST_REMOVAL, here.call, site);
	if (!number)
		return 0;
	h = &tshm_history(number)->h;
	TSHM_PUT(h->space, (uint16_t)r->space);
	TSHM_PUT(h->id, r->id);
	TSHM_PUT(h->flags, flags | (r->has_ident ? TSHM_HIF_IDENT : 0));
	TSHM_PUT(h->dev, r->dev);
	TSHM_PUT(h->ino, r->ino);
	TSHM_PUT(h->size, r->size);
	if (r->name)
		tshm_name_put(h, r->name);
	tshm_site_mirror(site);
	tshm_history_end(number);
	tshm_history_commit(number, TSHM_STATE_CLOSED);
	return number;
}

void tshm_removal_vain(const struct tshm_removal *r, struct tshm_here here)
{
	const struct tshm_history *h = r->number ? &tshm_history(r->number)->h : NULL;
	uint32_t site;

	if (!h || TSHM_GET(h->flags) & TSHM_HIF_INHERITED)
		return;
	site = tshm_site_here(here);
	if (tshm_history_take(r->number, r->stamp))
		tshm_name_end(r->number, TSHM_HIF_GONE, here, site);
}

uint32_t tshm_segment_new(enum tshm_call call, const char *name, const struct stat *st, uint32_t site)
{
	uint32_t number = tshm_history_new(TSHM_HIST_SEGMENT, call, site);
	struct tshm_history *h;

	if (!number)
		return 0;
	h = &tshm_history(number)->h;
	TSHM_PUT(h->space, TSHM_SPACE_MEMFD);
	TSHM_PUT(h->flags, TSHM_HIF_EXCLUSIVE | TSHM_HIF_IDENT);
	TSHM_PUT(h->dev, st->st_dev);
	TSHM_PUT(h->ino, st->st_ino);
	TSHM_PUT(h->mode, st->st_mode);
	if (name)
		tshm_name_put(h, name);
	tshm_history_commit(number, TSHM_STATE_LIVE);
	return number;
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
