/* SPDX-License-Identifier: MIT */
/*
 * CUDA IPC records of all images joined by their handles.
 *
 * The 64 bytes are opaque, and mean something under one kernel only; memory and events
 * may have the same.  A handle of zeros is none: no call made one.
 */
#include <stdlib.h>
#include <string.h>

#include "ipc.h"
#include "join.h"

struct entry {
	struct tshm_ripc *ipc;
	const char *boot_id;
	bool event, import;
};

static bool has_handle(const struct tshm_ripc *i)
{
	static const uint8_t none[sizeof(i->r.handle)];

	return i->r.role <= TSHM_IPC_EVENT_IMPORT && memcmp(i->r.handle, none, sizeof(none)) != 0;
}

static int same_handle(const struct entry *x, const struct entry *y)
{
	int order = memcmp(x->ipc->r.handle, y->ipc->r.handle, sizeof(x->ipc->r.handle));

	if (!order)
		order = strcmp(x->boot_id, y->boot_id);
	return order ? order : x->event - y->event;
}

/* By handle; within one its exporters first, each by time. */
static int by_handle(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = same_handle(x, y);

	if (order || (order = x->import - y->import))
		return order;
	if (x->ipc->r.begin_mono != y->ipc->r.begin_mono)
		return x->ipc->r.begin_mono < y->ipc->r.begin_mono ? -1 : 1;
	if (x->ipc->image->order != y->ipc->image->order)
		return x->ipc->image->order < y->ipc->image->order ? -1 : 1;
	return (x->ipc > y->ipc) - (x->ipc < y->ipc);
}

static const struct tshm_ipc *first_of(const struct tshm_handle *h)
{
	return &(h->export_count ? h->exports[0] : h->imports[0])->r;
}

static int by_time(const void *a, const void *b)
{
	const struct tshm_handle *x = a, *y = b;
	uint64_t s = first_of(x)->begin_mono, t = first_of(y)->begin_mono;

	return s != t ? (s > t) - (s < t) : memcmp(x->bytes, y->bytes, sizeof(first_of(x)->handle));
}

/* The last thing that it is known to have done: a lower bound of its end. */
static uint64_t last_of(const struct tshm_image *im)
{
	uint64_t last = im->header.start_mono;

	for (size_t i = 0; i < im->site_count; i++)
		if (im->sites[i].stamp && im->sites[i].last_mono > last)
			last = im->sites[i].last_mono;
	for (size_t i = 0; i < im->ipc_count; i++) {
		const struct tshm_ipc *r = &im->ipcs[i].r;

		last = r->begin_mono > last ? r->begin_mono : last;
		last = r->end_mono > last ? r->end_mono : last;
	}
	return last;
}

static size_t collect(struct tshm_run *run, const char *boot_id, struct entry *to)
{
	size_t n = 0;

	for (size_t i = 0; i < run->image_count; i++) {
		struct tshm_image *im = run->images[i];

		if (im->ipc_count)
			im->last_mono = last_of(im);
		for (size_t k = 0; k < im->ipc_count; k++) {
			struct tshm_ripc *ipc = &im->ipcs[k];

			if (!has_handle(ipc))
				continue;
			to[n++] = (struct entry){
				.ipc = ipc, .boot_id = im->header.boot_id[0] ? im->header.boot_id : boot_id,
				.event = tshm_ipc_is_event(ipc), .import = tshm_ipc_is_import(ipc),
			};
		}
	}
	return n;
}

/*
 * Freed and allocated again, memory may get its old handle: each import belongs to the last export
 * that began before it.  A handle cannot be opened before it was made: if it seems so, clocks or
 * ledgers lie, and it belongs to the first.
 */
static void pair(struct tshm_handle *h)
{
	size_t e = 0;

	for (size_t i = 0; i < h->export_count; i++)
		h->exports[i]->handle = h;
	for (size_t i = 0; i < h->import_count; i++) {
		struct tshm_ripc *import = h->imports[i];

		import->handle = h;
		if (!h->export_count)
			continue;
		while (e + 1 < h->export_count && h->exports[e + 1]->r.begin_mono <= import->r.begin_mono)
			e++;
		import->exporter = h->exports[e];
		if (!import->exporter->importer_count++)
			import->exporter->importers = h->imports + i;
	}
}

void tshm_handles_join(struct tshm_run *run)
{
	const char *boot_id = run->boot_id ? run->boot_id : "";
	TSHM_AUTO_FREE struct entry *all = NULL;
	struct tshm_ripc **list;
	size_t total = 0, n;

	for (size_t i = 0; i < run->image_count; i++) {
		total += run->images[i]->ipc_count;
		if (!boot_id[0])
			boot_id = run->images[i]->header.boot_id;
	}
	if (!total)
		return;
	all = tshm_xcalloc(total, sizeof(*all));
	n = collect(run, boot_id, all);
	qsort(all, n, sizeof(*all), by_handle);
	list = tshm_arena_alloc(&run->own->arena, (n + 1) * sizeof(struct tshm_ripc *));
	run->handles = tshm_arena_alloc(&run->own->arena, (n + 1) * sizeof(*run->handles));
	for (size_t i = 0; i < n; i++) {
		struct tshm_handle *h;

		if (!i || same_handle(&all[i - 1], &all[i]) != 0) {
			h = &run->handles[run->handle_count++];
			h->bytes = all[i].ipc->r.handle;
			h->event = all[i].event;
			h->exports = h->imports = list + i;
		}
		h = &run->handles[run->handle_count - 1];
		list[i] = all[i].ipc;
		h->export_count += !all[i].import;
		h->import_count += all[i].import;
		h->imports = h->exports + h->export_count;
	}
	if (run->handle_count)
		qsort(run->handles, run->handle_count, sizeof(*run->handles), by_time);
	for (size_t i = 0; i < run->handle_count; i++)
		pair(&run->handles[i]);
}
