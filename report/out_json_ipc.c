/* SPDX-License-Identifier: MIT */
/* CUDA IPC in JSON: one entry for each export, with its importers, and one for each handle that nobody observed exported. */
#include <inttypes.h>

#include "ipc.h"
#include "out_json.h"
#include "xalloc.h"

static json_t *hex(uint64_t n)
{
	TSHM_AUTO_FREE char *text = tshm_xasprintf("0x%" PRIx64, n);

	return n ? tshm_json_text(text) : json_null();
}

json_t *tshm_json_handle(const struct tshm_handle *h)
{
	char text[129];

	for (unsigned i = 0; i < 64; i++)
		snprintf(text + 2 * i, 3, "%02x", h->bytes[i]);
	return tshm_json_text(text);
}

static json_t *stack(const struct tshm_out *o, const struct tshm_image *im, uint32_t site)
{
	struct tshm_trace t = tshm_trace_of(o->symbols, im, site);

	return tshm_json_stack(&t);
}

static json_t *call(uint16_t number)
{
	return number ? tshm_json_text(tshm_call_name(number)) : json_null();
}

static json_t *exporter(const struct tshm_out *o, const struct tshm_ripc *e)
{
	const struct tshm_ipc *r = &e->r;
	bool live = tshm_ipc_is_live(e);
	const char *state = !live && !(r->flags & TSHM_IPCF_RESET) ? "freed" :
			    live && tshm_ipc_runs(e->image) ? "live" : "reclaimed";

	return tshm_json_made(json_pack("{s:i, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o}",
		"pid", (int)e->image->header.pid, "image", e->image->id, "call", call(r->call), "pointer", hex(r->pointer),
		"base", hex(r->base), "size", tshm_json_number(r->size), "count", tshm_json_number(r->count),
		"exported", tshm_json_wall(r->begin_wall), "ended", tshm_json_wall(r->end_wall), "state", state,
		"end_call", call(r->end_call), "stack", stack(o, e->image, r->site),
		"end_stack", stack(o, e->image, r->end_site), "origin_stack", stack(o, e->image, r->origin_site)));
}

static json_t *importer(const struct tshm_out *o, const struct tshm_ripc *i)
{
	const struct tshm_ipc *r = &i->r;

	return tshm_json_made(json_pack("{s:i, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o}",
		"pid", (int)i->image->header.pid, "image", i->image->id, "call", call(r->call), "pointer", hex(r->pointer),
		"bytes", tshm_json_number(tshm_ipc_is_event(i) ? 0 : tshm_ipc_bytes(i)),
		"count", tshm_json_number(r->count), "released", tshm_json_number(r->released),
		"opened", tshm_json_wall(r->begin_wall), "closed", tshm_json_wall(r->end_wall),
		"state", tshm_ipc_import_state(i), "error", r->error ? json_integer(r->error) : json_null(),
		"stack", stack(o, i->image, r->site)));
}

/* The importers that this export led to; of NULL: those of a handle whose export nobody observed. */
static json_t *entry(const struct tshm_out *o, const struct tshm_handle *h, const struct tshm_ripc *export)
{
	const struct tshm_ripc *any = export ? export : h->imports[0];
	struct tshm_ripc **list = export ? export->importers : h->imports;
	size_t count = export ? export->importer_count : h->import_count;
	json_t *importers = json_array();

	for (size_t i = 0; i < count; i++)
		tshm_json_append(importers, importer(o, list[i]));
	return tshm_json_made(json_pack("{s:o, s:s, s:o, s:o, s:o}", "handle", tshm_json_handle(h),
		"kind", h->event ? "event" : "memory", "bytes", tshm_json_number(h->event ? 0 : tshm_ipc_bytes(any)),
		"exporter", export ? exporter(o, export) : json_null(), "importers", importers));
}

json_t *tshm_json_ipc(const struct tshm_out *o)
{
	json_t *list = tshm_json_made(json_array());

	for (size_t i = 0; i < o->run->handle_count; i++) {
		const struct tshm_handle *h = &o->run->handles[i];

		for (size_t k = 0; k < h->export_count; k++)
			tshm_json_append(list, entry(o, h, h->exports[k]));
		if (!h->export_count)
			tshm_json_append(list, entry(o, h, NULL));
	}
	return list;
}
