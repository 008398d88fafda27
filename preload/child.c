/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <sys/mman.h>

#include "bytes.h"
#include "child.h"
#include "index.h"
#include "store.h"
#include "strings.h"
#include "sys.h"

#define TSHM_CHILD_BUCKETS 1024
/*
 * Where to find a child by its pid.  Not there after fork (MADV_DONTFORK): a table
 * shared with every child would cost the parent the copy of a page for each.
 */
static TSHM_TOGETHER _Atomic(_Atomic uint64_t *) tshm_child_words;
static struct tshm_store *const tshm_children = &tshm_stores[TSHM_SEC_CHILDREN];
static TSHM_TOGETHER _Atomic uint32_t tshm_child_hand;

static bool tshm_child_index(struct tshm_index *x)
{
	uint64_t bytes = sizeof(uint64_t) * TSHM_CHILD_BUCKETS * TSHM_BUCKET;
	_Atomic uint64_t *words = atomic_load(&tshm_child_words), *mine;

	if (TSHM_UNLIKELY(!words)) {
		mine = tshm_pages(bytes);
		if (!mine)
			return false;
		TSHM_SYS3(SYS_madvise, mine, bytes, MADV_DONTFORK);
		if (atomic_compare_exchange_strong(&tshm_child_words, &words, mine))
			words = mine;
		else
			TSHM_SYS2(SYS_munmap, mine, bytes);
	}
	*x = (struct tshm_index){ words, TSHM_CHILD_BUCKETS };
	return true;
}

static struct tshm_child *tshm_child_new(uint32_t *number)
{
	uint32_t n = tshm_store_take_fresh(tshm_children, tshm_children->capacity);
	struct tshm_index index;
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
		if (tshm_child_index(&index))
			tshm_index_remove(&index, tshm_mix((uint64_t)c->pid), n);
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
	struct tshm_index index;

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
	if (tshm_child_index(&index))
		tshm_index_insert(&index, tshm_mix((uint64_t)pid), number);
}

void tshm_child_ended(int pid, int wait_status)
{
	uint64_t hash = tshm_mix((uint64_t)pid);
	struct tshm_child *c = NULL;
	struct tshm_index index;
	unsigned walk = 0;
	uint32_t number = 0;

	if (!tshm_child_index(&index))
		return;
	while ((number = tshm_index_next(&index, hash, &walk))) {
		c = tshm_store_map(tshm_children, number);
		if (c && c->pid == pid && TSHM_STAMP_STATE(c->stamp) == TSHM_STATE_LIVE)
			break;
	}
	if (number) {
		tshm_index_remove(&index, hash, number);
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
	c->end_mono = tshm_now_precise();	/* what others did after it was dead is told by this */
	tshm_child_state(c, TSHM_STATE_CLOSED);
}

void tshm_children_forked(void)
{
	atomic_store(&tshm_child_words, NULL);
	if (atomic_load(&tshm_child_hand))
		atomic_store(&tshm_child_hand, 0);
}
