/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <time.h>

#include "bytes.h"
#include "index.h"
#include "ipc.h"
#include "site.h"
#include "store.h"

#define TSHM_IPC_SOFT 1024	/* from here on what has ended is overwritten first */
#define TSHM_IPC_LOOK 64	/* records looked at for one that has ended */

TSHM_INDEX(tshm_ipc_keys, 1024);
TSHM_INDEX(tshm_ipc_handles, 1024);
static struct tshm_store *const tshm_ipcs = &tshm_stores[TSHM_SEC_IPC];
static _Atomic uint32_t tshm_ipc_hand;	/* where the search for ended records goes on */

struct tshm_own_ipc *tshm_ipc(uint32_t number)
{
	struct tshm_own_ipc *o = tshm_store_own(tshm_ipcs, number);

	if (!o)		/* a number that was given out has its chunk */
		__builtin_unreachable();
	return o;
}

static uint64_t tshm_wall_precise(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t tshm_ipc_key_hash(enum tshm_ipc_role role, uint64_t key)
{
	return tshm_mix(key + ((uint64_t)role << 56)) | 1;
}

static uint64_t tshm_ipc_handle_hash(enum tshm_ipc_role role, const void *handle)
{
	return tshm_mix(tshm_hash_bytes(handle, 64) + role) | 1;
}

static void tshm_ipc_unindex(uint32_t number)
{
	struct tshm_own_ipc *o = tshm_ipc(number);

	if (o->key_hash)
		tshm_index_remove(&tshm_ipc_keys, o->key_hash, number);
	if (o->handle_hash)
		tshm_index_remove(&tshm_ipc_handles, o->handle_hash, number);
	o->key_hash = o->handle_hash = 0;
}

/* An ended record to overwrite, or one from before fork: BUSY and ours; 0: none found in a bounded look. */
static uint32_t tshm_ipc_recycle(void)
{
	uint32_t used = atomic_load(&tshm_ipcs->used);

	for (int i = 0; i < TSHM_IPC_LOOK; i++) {
		uint32_t number = atomic_fetch_add_explicit(&tshm_ipc_hand, 1, memory_order_relaxed) % (used - 1) + 1;
		struct tshm_own_ipc *o = tshm_store_own(tshm_ipcs, number);
		bool old = o && o->epoch != tshm_epoch;
		uint64_t stamp;

		if (!o)
			continue;
		stamp = atomic_load((_Atomic uint64_t *)&o->r.stamp);
		if (TSHM_STAMP_STATE(stamp) != TSHM_STATE_CLOSED && !(old && TSHM_STAMP_STATE(stamp) == TSHM_STATE_LIVE))
			continue;
		/* Faults are few and found by their site: they stay. */
		if (!old && o->r.role >= TSHM_IPC_BAD_CLOSE)
			continue;
		if (!atomic_compare_exchange_strong((_Atomic uint64_t *)&o->r.stamp, &stamp,
			TSHM_STAMP((uint32_t)(TSHM_STAMP_GENERATION(stamp) + 1), TSHM_STATE_BUSY)))
			continue;
		tshm_ipc_unindex(number);
		if (!old)
			tshm_store_recycled(tshm_ipcs);
		return number;
	}
	return 0;
}

uint32_t tshm_ipc_new(enum tshm_ipc_role role, enum tshm_call call, uint32_t site)
{
	uint32_t number = 0;
	struct tshm_own_ipc *o;

	if (atomic_load_explicit(&tshm_ipcs->used, memory_order_relaxed) > TSHM_IPC_SOFT)
		number = tshm_ipc_recycle();
	if (!number)
		number = tshm_store_take(tshm_ipcs);
	if (!number)
		return 0;
	o = tshm_ipc(number);
	__builtin_memset((char *)o + sizeof(o->r.stamp), 0, sizeof(*o) - sizeof(o->r.stamp));
	o->epoch = tshm_epoch;
	o->r.role = (uint16_t)role;
	o->r.call = (uint16_t)call;
	o->r.site = site;
	o->r.tid = (uint32_t)tshm_tid();
	o->r.begin_mono = tshm_now_precise();
	o->r.begin_wall = tshm_wall_precise();
	tshm_site_mirror(site);
	return number;
}

void tshm_ipc_publish(uint32_t number, uint64_t key, enum tshm_state state)
{
	static const char none[64];
	struct tshm_own_ipc *o = tshm_ipc(number);

	tshm_store_commit(tshm_ipcs, number, state);
	if (key) {
		o->key_hash = tshm_ipc_key_hash(o->r.role, key);
		tshm_index_insert(&tshm_ipc_keys, o->key_hash, number);
	}
	if (__builtin_memcmp(o->r.handle, none, sizeof(none))) {
		o->handle_hash = tshm_ipc_handle_hash(o->r.role, o->r.handle);
		tshm_index_insert(&tshm_ipc_handles, o->handle_hash, number);
	}
}

void tshm_ipc_refresh(uint32_t number)
{
	struct tshm_own_ipc *o = tshm_ipc(number);

	tshm_store_commit(tshm_ipcs, number, TSHM_STAMP_STATE(o->r.stamp));
}

void tshm_ipc_end(uint32_t number, enum tshm_call call, uint32_t site, uint64_t now, uint32_t flags)
{
	struct tshm_own_ipc *o = tshm_ipc(number);

	tshm_ipc_unindex(number);
	o->r.end_call = (uint16_t)call;
	o->r.end_site = site;
	o->r.end_tid = (uint32_t)tshm_tid();
	o->r.end_mono = now;
	o->r.end_wall = tshm_wall_precise();
	o->r.flags |= flags;
	tshm_site_mirror(site);
	tshm_store_commit(tshm_ipcs, number, TSHM_STATE_CLOSED);
}

/* What a hash leads to may be another's, or of an image before fork. */
static bool tshm_ipc_is(uint32_t number, enum tshm_ipc_role role)
{
	const struct tshm_own_ipc *o = tshm_ipc(number);
	enum tshm_state state = TSHM_STAMP_STATE(o->r.stamp);

	return o->epoch == tshm_epoch && o->r.role == role &&
	       (state == TSHM_STATE_LIVE || (state == TSHM_STATE_CLOSED && (role >= TSHM_IPC_BAD_CLOSE || o->r.error)));
}

uint32_t tshm_ipc_find(enum tshm_ipc_role role, uint64_t key, unsigned *walk)
{
	uint64_t hash = tshm_ipc_key_hash(role, key);
	uint32_t number;

	while ((number = tshm_index_next(&tshm_ipc_keys, hash, walk)))
		if (tshm_ipc_is(number, role) && tshm_ipc(number)->key_hash == hash)
			return number;
	return 0;
}

uint32_t tshm_ipc_find_handle(enum tshm_ipc_role role, const void *handle, unsigned *walk)
{
	uint64_t hash = tshm_ipc_handle_hash(role, handle);
	uint32_t number;

	while ((number = tshm_index_next(&tshm_ipc_handles, hash, walk)))
		if (tshm_ipc_is(number, role) && !__builtin_memcmp(tshm_ipc(number)->r.handle, handle, 64))
			return number;
	return 0;
}

void tshm_ipc_end_context(uint64_t context, enum tshm_call call, uint32_t site)
{
	uint32_t used = atomic_load(&tshm_ipcs->used);
	uint64_t now = tshm_now_precise();

	for (uint32_t n = 1; n < used; n++) {
		struct tshm_own_ipc *o = tshm_store_own(tshm_ipcs, n);

		if (o && o->epoch == tshm_epoch && TSHM_STAMP_STATE(o->r.stamp) == TSHM_STATE_LIVE &&
		    o->r.context == context)
			tshm_ipc_end(n, call, site, now, TSHM_IPCF_RESET);
	}
}
