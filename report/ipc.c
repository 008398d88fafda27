/* SPDX-License-Identifier: MIT */
/* What is true of CUDA IPC records. */
#include "ipc.h"

#include <stdio.h>

bool tshm_ipc_is_import(const struct tshm_ripc *i)
{
	return i->r.role == TSHM_IPC_IMPORT || i->r.role == TSHM_IPC_EVENT_IMPORT;
}

bool tshm_ipc_is_event(const struct tshm_ripc *i)
{
	return i->r.role == TSHM_IPC_EVENT_EXPORT || i->r.role == TSHM_IPC_EVENT_IMPORT;
}

bool tshm_ipc_was_opened(const struct tshm_ripc *i)
{
	return tshm_ipc_is_import(i) && (i->r.count || !i->r.error);
}

bool tshm_ipc_is_live(const struct tshm_ripc *i)
{
	return TSHM_STAMP_STATE(i->r.stamp) == TSHM_STATE_LIVE && (!tshm_ipc_is_import(i) || tshm_ipc_was_opened(i));
}

uint64_t tshm_ipc_missing(const struct tshm_ripc *i)
{
	uint64_t opened = i->r.count ? i->r.count : 1;

	return tshm_ipc_is_live(i) && opened > i->r.released ? opened - i->r.released : 0;
}

const char *tshm_ipc_import_state(const struct tshm_ripc *i)
{
	if (!tshm_ipc_was_opened(i))
		return "failed";
	if (tshm_ipc_is_live(i) && (i->r.role != TSHM_IPC_IMPORT || tshm_ipc_missing(i)))
		return tshm_ipc_runs(i->image) ? "open" : "reclaimed";
	return i->r.flags & TSHM_IPCF_RESET ? "reclaimed" : "closed";
}

bool tshm_ipc_runs(const struct tshm_image *im)
{
	return im->state == TSHM_IMAGE_RUNNING;
}

/* When a process that noted no end was collected by its parent; UINT64_MAX: nobody saw that. */
static uint64_t collected(const struct tshm_image *im)
{
	const struct tshm_image *first = im;

	if (im->next)		/* replaced by exec, which nobody noted either */
		return im->next->header.start_mono;
	while (first->previous)
		first = first->previous;
	if (first->as_child && TSHM_STAMP_STATE(first->as_child->stamp) == TSHM_STATE_CLOSED)
		return first->as_child->end_mono;
	return UINT64_MAX;
}

struct tshm_until tshm_ipc_image_until(const struct tshm_image *im)
{
	struct tshm_until u = { UINT64_MAX, UINT64_MAX };

	if (tshm_ipc_runs(im))
		return u;
	if (im->header.ended != TSHM_ENDED_NOT) {
		u.least = u.most = im->header.end_mono;
		return u;
	}
	u.least = im->last_mono ? im->last_mono : im->header.start_mono;
	u.most = collected(im);
	if (u.most < u.least)
		u.most = u.least;
	return u;
}

struct tshm_until tshm_ipc_until(const struct tshm_ripc *i)
{
	if (TSHM_STAMP_STATE(i->r.stamp) == TSHM_STATE_CLOSED)
		return (struct tshm_until){ i->r.end_mono, i->r.end_mono };
	return tshm_ipc_image_until(i->image);
}

uint64_t tshm_ipc_bytes(const struct tshm_ripc *i)
{
	if (i->r.size)
		return i->r.size;
	if (i->exporter)
		return i->exporter->r.size;
	for (size_t k = 0; k < i->importer_count; k++)
		if (i->importers[k]->r.size)
			return i->importers[k]->r.size;
	return 0;
}

struct tshm_ipc_error tshm_ipc_error(int32_t error)
{
	static const struct { int number; const char *text; } names[] = {
		{ 1, "invalid value" }, { 2, "out of memory" }, { 3, "not initialized" }, { 4, "deinitialized" },
		{ 201, "invalid device context" }, { 205, "map failed" }, { 208, "already mapped" }, { 211, "not mapped" },
		{ 217, "no peer access" }, { 400, "invalid handle" }, { 700, "illegal address" },
		{ 709, "context is destroyed" }, { 711, "too many peers" }, { 801, "not supported" },
	};
	struct tshm_ipc_error e;

	snprintf(e.s, sizeof(e.s), "%d", (int)error);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].number == error)
			snprintf(e.s, sizeof(e.s), "%d (%s)", (int)error, names[i].text);
	return e;
}
