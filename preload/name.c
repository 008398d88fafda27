/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>

#include "atomic.h"
#include "bytes.h"
#include "index.h"
#include "name.h"
#include "site.h"
#include "store.h"
#include "sys.h"

TSHM_INDEX(tshm_names, 8192);

static uint64_t tshm_name_hash(enum tshm_space space, const char *name, int64_t id)
{
	uint64_t hash = name && *name ? tshm_hash_bytes(name, tshm_length(name)) : tshm_mix((uint64_t)id);

	return tshm_mix(hash + space) | 1;
}

void tshm_name_unindex(uint32_t number)
{
	struct tshm_own_history *o = tshm_history(number);

	if (o->hash)
		tshm_index_remove(&tshm_names, o->hash, number);
	TSHM_PUT(o->hash, 0);
}

bool tshm_name_is_gone(const struct tshm_history *h)
{
	unsigned space = TSHM_GET(h->space);
	struct stat st;

	if (TSHM_GET(h->flags) & TSHM_HIF_INTENT)
		return false;
	if (TSHM_GET(h->type) != TSHM_HIST_NAME ||
	    (space != TSHM_SPACE_SHM && space != TSHM_SPACE_SEM && space != TSHM_SPACE_SOCKET))
		return false;
	return TSHM_SYS4(SYS_newfstatat, AT_FDCWD, h->name, &st, AT_SYMLINK_NOFOLLOW) == -ENOENT;
}

#define WORD sizeof(uint64_t)

/* A record has a name by words, as all of it is written; behind its end they are zeros. */
static uint64_t tshm_name_word(const char *name, size_t length, size_t at)
{
	uint64_t word = 0;

	if (at + WORD <= length)
		__builtin_memcpy(&word, name + at, WORD);
	else
		for (size_t i = at; i < length; i++)
			((char *)&word)[i - at] = name[i];
	return word;
}

void tshm_name_put(struct tshm_history *h, const char *name)
{
	size_t length = tshm_length(name);

	if (length > sizeof(h->name) - 1)
		length = sizeof(h->name) - 1;
	for (size_t at = 0; at < length; at += WORD)
		TSHM_PUT(*(uint64_t *)(h->name + at), tshm_name_word(name, length, at));
}

/* Which object it is the name of. */
static void tshm_name_object(struct tshm_history *h, const struct stat *st)
{
	TSHM_PUT(h->dev, st->st_dev);
	TSHM_PUT(h->ino, st->st_ino);
	TSHM_PUT(h->mode, st->st_mode);
	TSHM_PUT(h->size, (uint64_t)st->st_size);
	TSHM_PUT(h->flags, h->flags | TSHM_HIF_IDENT);
}

bool tshm_name_is(const struct tshm_history *h, const char *name)
{
	size_t length = tshm_length(name);

	if (length > sizeof(h->name) - 1)
		return false;
	for (size_t at = 0; at <= length; at += WORD)
		if (TSHM_GET(*(const uint64_t *)(h->name + at)) != tshm_name_word(name, length, at))
			return false;
	return true;
}

/* *stamp: of the record when it was seen to be the one (tshm_history_take). */
static uint32_t tshm_name_look(uint64_t hash, enum tshm_space space, const char *name, int64_t id, uint64_t *stamp)
{
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

	return tshm_name_look(tshm_name_hash(space, name, id), space, name, id, &stamp);
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
	tshm_name_object(&tshm_history(number)->h, st);
	tshm_history_commit(number, TSHM_STATE_LIVE);
}

void tshm_name_withdraw(uint32_t number)
{
	if (number)
		tshm_store_drop(&tshm_stores[TSHM_SEC_HISTORY], number);
}

uint32_t tshm_name_confirm(uint32_t number, uint32_t flags, const struct stat *st, int64_t id)
{
	struct tshm_own_history *o;
	uint32_t known;
	uint64_t hash, stamp;

	if (!number)
		return 0;
	o = tshm_history(number);
	tshm_attach_worked(o->h.space, o->h.space == TSHM_SPACE_SYSV ? NULL : o->h.name, id, o->h.ipc_key);
	hash = tshm_name_hash(o->h.space, o->h.name, id);
	known = tshm_name_look(hash, o->h.space, o->h.name, id, &stamp);
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
	if (st)
		tshm_name_object(&o->h, st);
	TSHM_PUT(o->hash, hash);
	tshm_index_insert(&tshm_names, hash, number);
	tshm_history_commit(number, TSHM_STATE_LIVE);	/* last: from here on it may be overwritten */
	return number;
}

void tshm_removal_look(struct tshm_removal *r, enum tshm_space space, const char *name, int64_t id)
{
	struct stat st;

	*r = (struct tshm_removal){ .space = space, .name = name, .id = id };
	r->number = tshm_name_look(tshm_name_hash(space, name, id), space, name, id, &r->stamp);
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
		if (TSHM_GET(h->flags) & TSHM_HIF_INHERITED)
			r->before = tshm_now_precise();
		return;
	}
	r->before = tshm_now_precise();
	if ((space == TSHM_SPACE_SHM || space == TSHM_SPACE_SEM) &&
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
	if (r->before)
		TSHM_PUT(h->begin_mono, r->before);
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
	TSHM_PUT(h->flags, TSHM_HIF_EXCLUSIVE);
	tshm_name_object(h, st);
	if (name)
		tshm_name_put(h, name);
	tshm_history_commit(number, TSHM_STATE_LIVE);
	return number;
}
