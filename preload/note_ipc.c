/* SPDX-License-Identifier: MIT */
/* CUDA IPC: handles made, opened and closed; interprocess events. */
#include <stddef.h>

#include "atomic.h"
#include "cuda.h"
#include "held.h"
#include "ipc.h"
#include "note_cuda.h"
#include "site.h"

#define INTERPROCESS 4u		/* CU_EVENT_INTERPROCESS, cudaEventInterprocess */

/* Where the memory at `base` was allocated, as far as that was seen. */
static uint32_t tshm_allocation_site(uint64_t base)
{
	const struct tshm_resource *r = tshm_held_of(tshm_pointer_word(base));

	return r && r->kind == TSHM_KIND_CUDA_MEMORY ? r->site : 0;
}

/* The same handle is given for the same memory each time that it is asked for. */
static bool tshm_ipc_again(enum tshm_ipc_role role, const void *handle, uint64_t pointer)
{
	unsigned walk = 0;
	uint32_t number;

	while ((number = tshm_ipc_find_handle(role, handle, &walk))) {
		struct tshm_ipc *r = &tshm_ipc(number)->r;

		if (r->error || r->pointer != pointer)
			continue;
		atomic_fetch_add((_Atomic uint32_t *)&r->count, 1);
		tshm_ipc_refresh(number);
		return true;
	}
	return false;
}

void tshm_note_ipc_export(struct tshm_here here, int error, const void *handle, uint64_t pointer)
{
	uint64_t base = pointer, size = 0;
	struct tshm_ipc *r;
	uint32_t number;

	if (!tshm_note_cuda(here, error) || error || tshm_ipc_again(TSHM_IPC_EXPORT, handle, pointer))
		return;
	number = tshm_ipc_new(TSHM_IPC_EXPORT, here.call, tshm_site_here(here));
	if (!number)
		return;
	tshm_cuda_extent(pointer, &base, &size);
	r = &tshm_ipc(number)->r;
	__builtin_memcpy(r->handle, handle, sizeof(r->handle));
	r->pointer = pointer;
	r->base = base;
	r->size = size;
	r->context = tshm_cuda_context();
	r->count = 1;
	r->flags = pointer != base ? TSHM_IPCF_INTERIOR : 0;
	r->origin_site = tshm_allocation_site(base);
	tshm_site_mirror(r->origin_site);
	tshm_ipc_publish(number, base, TSHM_STATE_LIVE);
}

/* An open that failed: it tells of a stale handle, or of one's own. */
static void tshm_note_import_failed(struct tshm_here here, enum tshm_ipc_role role, int error, const void *handle,
				    unsigned flags)
{
	uint32_t site = tshm_site_here(here), number;
	unsigned walk = 0;
	struct tshm_ipc *r;

	while ((number = tshm_ipc_find_handle(role, handle, &walk)))
		if (tshm_ipc(number)->r.error == error && tshm_ipc(number)->r.site == site)
			return;
	number = tshm_ipc_new(role, here.call, site);
	if (!number)
		return;
	r = &tshm_ipc(number)->r;
	__builtin_memcpy(r->handle, handle, sizeof(r->handle));
	r->error = error;
	r->given = flags;
	r->end_mono = r->begin_mono;
	r->end_wall = r->begin_wall;
	tshm_ipc_publish(number, 0, TSHM_STATE_CLOSED);
}

static uint32_t tshm_import_new(struct tshm_here here, enum tshm_ipc_role role, const void *handle, uint64_t at,
				unsigned flags)
{
	uint32_t number = tshm_ipc_new(role, here.call, tshm_site_here(here));
	struct tshm_ipc *r;

	if (!number)
		return 0;
	r = &tshm_ipc(number)->r;
	__builtin_memcpy(r->handle, handle, sizeof(r->handle));
	r->pointer = at;
	r->count = 1;
	r->given = flags;
	r->context = tshm_cuda_context();
	return number;
}

void tshm_note_ipc_import(struct tshm_here here, int error, const void *handle, const void *at, unsigned flags)
{
	uint64_t pointer;
	uint32_t number;
	unsigned walk = 0;

	if (!tshm_note_cuda(here, error))
		return;
	if (error) {
		tshm_note_import_failed(here, TSHM_IPC_IMPORT, error, handle, flags);
		return;
	}
	pointer = *(const uint64_t *)at;
	/* Opened again in the same context: the same address, and a count (cuIpcOpenMemHandle). */
	if (tshm_ipc_again(TSHM_IPC_IMPORT, handle, pointer))
		return;
	while ((number = tshm_ipc_find(TSHM_IPC_IMPORT, pointer, &walk)))	/* closed where we did not see it */
		tshm_ipc_end(number, 0, 0, tshm_now_precise(), 0);
	number = tshm_import_new(here, TSHM_IPC_IMPORT, handle, pointer, flags);
	if (!number)
		return;
	tshm_cuda_extent(pointer, &tshm_ipc(number)->r.base, &tshm_ipc(number)->r.size);
	tshm_ipc_publish(number, pointer, TSHM_STATE_LIVE);
}

static void tshm_note_bad_ipc_close(struct tshm_here here, int error, uint64_t pointer)
{
	uint32_t site = tshm_site_here(here), number;
	unsigned walk = 0;
	struct tshm_ipc *r;

	number = tshm_ipc_find(TSHM_IPC_BAD_CLOSE, site, &walk);
	if (number) {
		r = &tshm_ipc(number)->r;
		atomic_fetch_add((_Atomic uint32_t *)&r->count, 1);
		r->pointer = pointer;
		r->error = error;
		tshm_ipc_refresh(number);
		return;
	}
	number = tshm_ipc_new(TSHM_IPC_BAD_CLOSE, here.call, site);
	if (!number)
		return;
	r = &tshm_ipc(number)->r;
	r->count = 1;
	r->pointer = pointer;
	r->error = error;
	tshm_ipc_publish(number, site, TSHM_STATE_CLOSED);
}

void tshm_note_ipc_closed(struct tshm_here here, int error, const struct tshm_cuda_end *end)
{
	unsigned walk = 0;
	struct tshm_ipc *r;
	uint32_t number;

	if (!tshm_note_cuda(here, error))
		return;
	number = tshm_ipc_find(TSHM_IPC_IMPORT, end->key, &walk);
	if (!number || tshm_ipc(number)->r.begin_mono > end->before) {
		/* One that was opened where nobody looked may be closed; what CUDA refuses was not open. */
		if (error)
			tshm_note_bad_ipc_close(here, error, end->key);
		return;
	}
	if (error)	/* it is open: another context, a driver that is going down */
		return;
	r = &tshm_ipc(number)->r;
	if (atomic_fetch_add((_Atomic uint32_t *)&r->released, 1) + 1 < TSHM_GET(r->count))
		tshm_ipc_refresh(number);
	else		/* before the call: when it began the memory was in use still */
		tshm_ipc_end(number, here.call, tshm_site_here(here), end->before, 0);
}

void tshm_note_event(struct tshm_here here, int error, const void *event, unsigned flags)
{
	uint64_t key;
	uint32_t number;
	unsigned walk = 0;

	/* Others stay in their process, and are many. */
	if (!tshm_note_cuda(here, error) || error || !(flags & INTERPROCESS))
		return;
	key = *(const uint64_t *)event;
	while ((number = tshm_ipc_find(TSHM_IPC_EVENT_EXPORT, key, &walk)))	/* destroyed unseen */
		tshm_ipc_end(number, 0, 0, tshm_now_precise(), 0);
	number = tshm_ipc_new(TSHM_IPC_EVENT_EXPORT, here.call, tshm_site_here(here));
	if (!number)
		return;
	tshm_ipc(number)->r.pointer = key;
	tshm_ipc(number)->r.given = flags;
	tshm_ipc(number)->r.context = tshm_cuda_context();
	tshm_ipc_publish(number, key, TSHM_STATE_LIVE);
}

void tshm_note_ipc_event_export(struct tshm_here here, int error, const void *handle, uint64_t event)
{
	unsigned walk = 0;
	struct tshm_ipc *r;
	uint32_t number;
	bool known;

	if (!tshm_note_cuda(here, error) || error)
		return;
	number = tshm_ipc_find(TSHM_IPC_EVENT_EXPORT, event, &walk);
	known = number;
	if (!number)		/* created where we did not see it */
		number = tshm_ipc_new(TSHM_IPC_EVENT_EXPORT, here.call, tshm_site_here(here));
	if (!number)
		return;
	r = &tshm_ipc(number)->r;
	r->pointer = event;
	r->count++;
	if (r->count > 1) {
		tshm_ipc_refresh(number);
		return;
	}
	__builtin_memcpy(r->handle, handle, sizeof(r->handle));
	tshm_ipc_publish(number, known ? 0 : event, TSHM_STATE_LIVE);
}

void tshm_note_ipc_event_import(struct tshm_here here, int error, const void *handle, const void *event)
{
	uint64_t key;
	uint32_t number;
	unsigned walk = 0;

	if (!tshm_note_cuda(here, error))
		return;
	if (error) {
		tshm_note_import_failed(here, TSHM_IPC_EVENT_IMPORT, error, handle, 0);
		return;
	}
	key = *(const uint64_t *)event;
	while ((number = tshm_ipc_find(TSHM_IPC_EVENT_IMPORT, key, &walk)))
		tshm_ipc_end(number, 0, 0, tshm_now_precise(), 0);
	number = tshm_import_new(here, TSHM_IPC_EVENT_IMPORT, handle, key, 0);
	if (number)
		tshm_ipc_publish(number, key, TSHM_STATE_LIVE);
}

void tshm_note_event_destroyed(struct tshm_here here, int error, const struct tshm_cuda_end *end)
{
	unsigned walk = 0;
	uint32_t number;

	if (!tshm_note_cuda(here, error) || error)
		return;
	number = tshm_ipc_find(TSHM_IPC_EVENT_IMPORT, end->key, &walk);
	if (number) {
		tshm_ipc(number)->r.released = tshm_ipc(number)->r.count;
		tshm_ipc_end(number, here.call, tshm_site_here(here), end->before, 0);
		return;
	}
	walk = 0;
	number = tshm_ipc_find(TSHM_IPC_EVENT_EXPORT, end->key, &walk);
	if (number && tshm_ipc(number)->r.begin_mono <= end->before)
		tshm_ipc_end(number, here.call, tshm_site_here(here), tshm_now_precise(), 0);
}
