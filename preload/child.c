/* SPDX-License-Identifier: MIT */
#include "bytes.h"
#include "child.h"
#include "index.h"
#include "store.h"
#include "strings.h"

TSHM_INDEX(tshm_child_index, 1024);
static struct tshm_store *const tshm_children = &tshm_stores[TSHM_SEC_CHILDREN];
static _Atomic uint32_t tshm_child_hand;

static struct tshm_child *tshm_child_new(uint32_t *number)
{
	uint32_t n = tshm_store_take_fresh(tshm_children, tshm_children->capacity);
	struct tshm_child *c;

	if (!n) {	/* the ring is full: overwrite the oldest, ended or not */
		n = atomic_fetch_add(&tshm_child_hand, 1) % (tshm_children->capacity - 1) + 1;
		c = tshm_store_map(tshm_children, n);
		if (!c)
			return NULL;
		if (TSHM_STAMP_STATE(c->stamp) == TSHM_STATE_CLOSED)
			tshm_store_recycled(tshm_children);
		else
			tshm_store_lost(tshm_children);
		tshm_index_remove(&tshm_child_index, tshm_mix((uint64_t)c->pid), n);
	}
	*number = n;
	c = tshm_store_map(tshm_children, n);
	if (!c) {
		tshm_store_lost(tshm_children);
		return NULL;
	}
	atomic_store_explicit((_Atomic uint64_t *)&c->stamp,
			      TSHM_STAMP(TSHM_STAMP_GENERATION(c->stamp) + 1, TSHM_STATE_BUSY), memory_order_relaxed);
	return c;
}

static void tshm_child_state(struct tshm_child *c, enum tshm_state state)
{
	atomic_store_explicit((_Atomic uint64_t *)&c->stamp, TSHM_STAMP(TSHM_STAMP_GENERATION(c->stamp), state),
			      memory_order_release);
}

void tshm_child_begun(int pid, enum tshm_child_how how, const char *program, uint32_t site)
{
	uint32_t number;
	struct tshm_child *c = tshm_child_new(&number);

	if (!c)
		return;
	c->pid = pid;
	c->how = how;
	c->wait_status = 0;
	c->program = program && *program ? tshm_string(program, tshm_length(program)) : 0;
	c->begin_mono = tshm_now_coarse();
	c->end_mono = 0;
	c->site = site;
	tshm_child_state(c, TSHM_STATE_LIVE);
	tshm_index_insert(&tshm_child_index, tshm_mix((uint64_t)pid), number);
}

void tshm_child_ended(int pid, int wait_status)
{
	uint64_t hash = tshm_mix((uint64_t)pid);
	struct tshm_child *c = NULL;
	unsigned walk = 0;
	uint32_t number;

	while ((number = tshm_index_next(&tshm_child_index, hash, &walk))) {
		c = tshm_store_map(tshm_children, number);
		if (c && c->pid == pid && TSHM_STAMP_STATE(c->stamp) == TSHM_STATE_LIVE)
			break;
	}
	if (number) {
		tshm_index_remove(&tshm_child_index, hash, number);
	} else {
		c = tshm_child_new(&number);
		if (!c)
			return;
		c->pid = pid;
		c->how = TSHM_CHILD_SEEN;
		c->program = 0;
		c->site = 0;
		c->begin_mono = 0;
	}
	c->wait_status = wait_status;
	c->end_mono = tshm_now_coarse();
	tshm_child_state(c, TSHM_STATE_CLOSED);
}

void tshm_children_forked(void)
{
	if (atomic_load(&tshm_child_hand) || atomic_load(&tshm_children->used) > 1)
		tshm_index_clear(&tshm_child_index);
	atomic_store(&tshm_child_hand, 0);
}
