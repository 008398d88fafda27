/* SPDX-License-Identifier: MIT */
/* CUDA: memory, contexts, and calls in a child of a process that had used it. */
#include <stddef.h>

#include "atomic.h"
#include "cuda.h"
#include "held.h"
#include "ipc.h"
#include "note_cuda.h"
#include "site.h"

#define DEVICES 64

static uint32_t tshm_cuda_epoch;	/* of the image in which CUDA was used first; 0: not yet */

/* Primary contexts: which one a device has, and how often it is retained. */
static struct { _Atomic uint64_t context, users; } tshm_primary[DEVICES];

static bool tshm_cuda_after_fork(void)
{
	return tshm_cuda_epoch && tshm_cuda_epoch != tshm_epoch;
}

/* freed: what was to be freed, else 0.  cudaFree(NULL) frees nothing: with it programs begin to use CUDA. */
static void tshm_note_after_fork(struct tshm_here here, int error, uint64_t freed)
{
	struct tshm_ipc *r;
	uint32_t site = tshm_site_here(here), number;
	unsigned walk = 0;

	number = tshm_ipc_find(TSHM_IPC_AFTER_FORK, site, &walk);
	if (number) {
		r = &tshm_ipc(number)->r;
		atomic_fetch_add((_Atomic uint32_t *)&r->count, 1);
		TSHM_PUT(r->error, error);
		if (!freed)
			TSHM_PUT(r->pointer, 0);
		tshm_ipc_refresh(number);
		return;
	}
	number = tshm_ipc_new(TSHM_IPC_AFTER_FORK, here.call, site);
	if (!number)
		return;
	r = &tshm_ipc(number)->r;
	r->count = 1;
	r->error = error;
	r->pointer = freed;
	tshm_ipc_publish(number, site, TSHM_STATE_CLOSED);
}

static bool tshm_note_cuda_free(struct tshm_here here, int error, uint64_t freed)
{
	if (!here.on)
		return false;
	tshm_count(here.call);
	if (TSHM_UNLIKELY(tshm_cuda_after_fork())) {
		tshm_note_after_fork(here, error, freed);
		return false;
	}
	if (!error)
		tshm_cuda_epoch = tshm_epoch;
	return true;
}

bool tshm_note_cuda(struct tshm_here here, int error) { return tshm_note_cuda_free(here, error, 0); }

void tshm_note_cuda_asked(struct tshm_here here, int error)
{
	if (TSHM_UNLIKELY(here.on && tshm_cuda_after_fork()))
		tshm_note_after_fork(here, error, 0);
}

void tshm_note_cuda_memory(struct tshm_here here, int error, const void *at, uint64_t size, bool in_order)
{
	struct tshm_resource *r;
	uint32_t number;
	uint64_t key, old;

	if (!tshm_note_cuda(here, error) || error || !at)
		return;
	key = *(const uint64_t *)at;
	if (!key)
		return;
	old = tshm_pointer_word(key);	/* freed without our seeing it */
	if (old)
		tshm_pointer_release(key, old);
	r = tshm_held_new(&number, here.call, TSHM_KIND_CUDA_MEMORY, TSHM_ORIGIN_CREATED, tshm_site_here(here));
	if (!r)
		return;
	r->key = key;
	r->length = size;
	r->ino = tshm_cuda_context();
	r->extra = in_order;
	tshm_pointer_publish(key, number);
}

struct tshm_cuda_end tshm_cuda_end_look(struct tshm_here here, uint64_t key)
{
	struct tshm_cuda_end end = { .key = key };

	if (here.on) {
		end.before = tshm_now_precise();
		end.word = key ? tshm_pointer_word(key) : 0;
	}
	return end;
}

/* Handles of an allocation end with it. */
static void tshm_note_exports_freed(struct tshm_here here, const struct tshm_cuda_end *end)
{
	uint64_t now = tshm_now_precise();	/* after the call: what was closed before it began was closed in time */
	unsigned walk = 0;
	uint32_t number;

	while ((number = tshm_ipc_find(TSHM_IPC_EXPORT, end->key, &walk)))
		if (tshm_ipc(number)->r.begin_mono <= end->before)
			tshm_ipc_end(number, here.call, tshm_site_here(here), now, 0);
}

void tshm_note_cuda_freed(struct tshm_here here, int error, const struct tshm_cuda_end *end)
{
	if (!tshm_note_cuda_free(here, error, end->key) || error || !end->key)
		return;
	if (end->word)
		tshm_pointer_release(end->key, end->word);
	tshm_note_exports_freed(here, end);
}

/* What a stream allocated stays (cudaDeviceReset: "does not free memory of pools"). */
static void tshm_memory_end_context(uint64_t context)
{
	uint32_t used = atomic_load(&tshm_stores[TSHM_SEC_RESOURCES].used);

	for (uint32_t n = 1; n < used; n++) {
		const struct tshm_resource *r = tshm_store_own(&tshm_stores[TSHM_SEC_RESOURCES], n);
		uint64_t word;

		if (!r || r->kind != TSHM_KIND_CUDA_MEMORY || TSHM_STAMP_STATE(r->stamp) != TSHM_STATE_LIVE ||
		    tshm_held_inherited(r) || r->ino != context || r->extra)
			continue;
		word = tshm_pointer_word(r->key);
		if (word)
			tshm_pointer_release(r->key, word);
	}
}

void tshm_note_context_ended(struct tshm_here here, int error, uint64_t context)
{
	if (!tshm_note_cuda(here, error) || error || !context)
		return;
	tshm_ipc_end_context(context, here.call, tshm_site_here(here));
	tshm_memory_end_context(context);
}

void tshm_note_primary_retained(int error, int device, uint64_t context)
{
	if (error || device < 0 || device >= DEVICES || tshm_cuda_after_fork())
		return;
	atomic_store(&tshm_primary[device].context, context);
	atomic_fetch_add(&tshm_primary[device].users, 1);
}

void tshm_note_primary_released(struct tshm_here here, int error, int device, bool reset)
{
	uint64_t users, context;

	if (error || device < 0 || device >= DEVICES || tshm_cuda_after_fork()) {
		tshm_note_cuda(here, error);
		return;
	}
	users = atomic_load(&tshm_primary[device].users);
	context = atomic_load(&tshm_primary[device].context);
	if (!reset) {
		while (users && !atomic_compare_exchange_weak(&tshm_primary[device].users, &users, users - 1))
			;
		if (users != 1)		/* others use it still, or it was retained where we did not see it */
			context = 0;
	}
	tshm_note_context_ended(here, error, context);
}
