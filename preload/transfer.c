/* SPDX-License-Identifier: MIT */
#include "bytes.h"
#include "index.h"
#include "store.h"
#include "transfer.h"

#define TSHM_TRANSFERS_SOFT 1024	/* pairs kept; then the oldest make room */

TSHM_INDEX(tshm_transfer_index, 512);
static struct tshm_store *const tshm_transfers = &tshm_stores[TSHM_SEC_TRANSFERS];
static TSHM_TOGETHER _Atomic uint32_t tshm_transfer_hand;

static uint64_t tshm_transfer_hash(enum tshm_direction direction, const struct tshm_passed *p,
				   const struct tshm_peer *peer)
{
	return tshm_mix(p->dev ^ tshm_mix(p->ino ^ tshm_mix(peer->socket_ino + direction)));
}

static struct tshm_transfer *tshm_transfer_new(uint32_t *number)
{
	uint32_t n = tshm_store_take_fresh(tshm_transfers, TSHM_TRANSFERS_SOFT);
	struct tshm_transfer *t;
	bool again = !n;

	if (again)
		n = atomic_fetch_add(&tshm_transfer_hand, 1) % (TSHM_TRANSFERS_SOFT - 1) + 1;
	t = tshm_store_map(tshm_transfers, n);
	if (!t) {
		tshm_store_lost(tshm_transfers);
		return NULL;
	}
	if (again) {
		struct tshm_passed p = { t->dev, t->ino, 0 };
		struct tshm_peer peer = { t->socket_dev, t->socket_ino, 0 };

		tshm_index_remove(&tshm_transfer_index, tshm_transfer_hash(t->direction, &p, &peer), n);
		tshm_store_recycled(tshm_transfers);
	}
	atomic_store_explicit((_Atomic uint64_t *)&t->stamp,
			      TSHM_STAMP(TSHM_STAMP_GENERATION(t->stamp) + 1, TSHM_STATE_BUSY), memory_order_relaxed);
	*number = n;
	return t;
}

void tshm_transfer_note(enum tshm_direction direction, enum tshm_call call, const struct tshm_passed *p,
			const struct tshm_peer *peer, uint32_t site)
{
	uint64_t hash = tshm_transfer_hash(direction, p, peer), now = tshm_now_coarse();
	struct tshm_transfer *t;
	unsigned walk = 0;
	uint32_t number;

	while ((number = tshm_index_next(&tshm_transfer_index, hash, &walk))) {
		t = tshm_store_map(tshm_transfers, number);
		if (t && t->dev == p->dev && t->ino == p->ino && t->socket_ino == peer->socket_ino &&
		    t->direction == direction) {
			atomic_fetch_add_explicit((_Atomic uint64_t *)&t->count, 1, memory_order_relaxed);
			t->last_mono = now;
			return;
		}
	}
	t = tshm_transfer_new(&number);
	if (!t)
		return;
	t->dev = p->dev;
	t->ino = p->ino;
	t->socket_dev = peer->socket_dev;
	t->socket_ino = peer->socket_ino;
	t->peer = peer->pid;
	t->count = 1;
	t->first_mono = t->last_mono = now;
	t->site = site;
	t->direction = (uint16_t)direction;
	t->call = (uint16_t)call;
	t->kind = p->kind;
	atomic_store_explicit((_Atomic uint64_t *)&t->stamp,
			      TSHM_STAMP(TSHM_STAMP_GENERATION(t->stamp), TSHM_STATE_LIVE), memory_order_release);
	tshm_index_insert(&tshm_transfer_index, hash, number);
}

void tshm_transfers_forked(void)
{
	/* The parent's index stays: a record that it leads to is compared, and ours are none of its. */
	if (atomic_load(&tshm_transfer_hand))
		atomic_store(&tshm_transfer_hand, 0);
}
