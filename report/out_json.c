/* SPDX-License-Identifier: MIT */
/* --format=json: schema tshm-report/1 (tests/schema/tshm-report-1.schema.json).  Keys are stable; more may come. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "out.h"
#include "text.h"
#include "trace.h"
#include "xalloc.h"

static json_t *text(const char *s)
{
	TSHM_AUTO_FREE char *valid = s ? tshm_text_utf8(s) : NULL;

	return s ? json_string(valid) : json_null();
}

static json_t *number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static json_t *wall(uint64_t ns)
{
	return ns ? json_real((double)ns / 1e9) : json_null();
}

static json_t *stack(struct tshm_trace *t)
{
	json_t *list = json_array();

	for (size_t i = 0; i < t->count; i++) {
		const struct tshm_line *l = &t->lines[i];

		json_array_append_new(list, json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:b}",
			"kind", l->python ? "python" : "native", "function", text(l->function),
			"file", text(l->file), "line", l->line ? number(l->line) : json_null(),
			"module", text(l->module), "offset", l->python ? json_null() : number(l->offset),
			"build_id", l->build_id[0] ? json_string(l->build_id) : json_null(),
			"inlined", l->inlined));
	}
	tshm_trace_free(t);
	return list;
}

static json_t *run(const struct tshm_run *r)
{
	json_t *problems = json_array();

	for (size_t i = 0; i < r->problem_count; i++)
		json_array_append_new(problems, text(r->problems[i]));
	return json_pack("{s:o, s:o, s:o, s:o, s:b, s:o, s:o}", "path", text(r->path), "host", text(r->host),
			 "started", wall(r->started_wall), "ended", wall(r->ended_wall), "complete", r->complete,
			 "lost", number(r->lost), "problems", problems);
}

static json_t *summary(const struct tshm_out *o)
{
	struct tshm_totals n = tshm_totals(o->run, o->findings);

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s}", "processes", number(o->run->image_count),
			 "errors", number(n.errors), "warnings", number(n.warnings), "notes", number(n.notes),
			 "suppressed", number(n.suppressed), "leaked_segments", number(n.leaked_segments),
			 "leaked_bytes", number(n.leaked_bytes), "gate", tshm_gate_name(o->gate));
}

static const char *state_of(const struct tshm_image *im)
{
	switch (im->state) {
	case TSHM_IMAGE_RUNNING: return "running";
	case TSHM_IMAGE_EXITED: return "exited";
	case TSHM_IMAGE_SIGNALED: return "signaled";
	case TSHM_IMAGE_EXEC: return "exec";
	case TSHM_IMAGE_UNKNOWN: break;
	}
	return "unknown";
}

static json_t *process(const struct tshm_image *im)
{
	json_t *argv = json_array();
	bool has_status = im->status >= 0 &&
		(im->state == TSHM_IMAGE_EXITED || im->state == TSHM_IMAGE_SIGNALED);

	for (int i = 0; i < im->argc; i++)
		json_array_append_new(argv, text(im->argv[i]));
	return json_pack("{s:i, s:i, s:s, s:o, s:o, s:s, s:o, s:b, s:o}", "pid", (int)im->header.pid,
			 "ppid", (int)im->header.ppid, "image", im->id, "exe", text(im->exe), "argv", argv,
			 "state", state_of(im), "status", has_status ? json_integer(im->status) : json_null(),
			 "observed", im->observed, "why_unobserved", text(im->why_unobserved));
}

static json_t *holder(const struct tshm_object *object, size_t first)
{
	const struct tshm_image *im = object->holders[first]->image;
	json_t *fds = json_array();
	int mappings = 0;

	for (size_t i = first; i < object->holder_count; i++) {
		const struct tshm_held *h = object->holders[i];

		if (h->image != im)
			continue;
		if (tshm_kind_by(h->r.kind) == TSHM_BY_DESCRIPTOR)
			json_array_append_new(fds, number(h->r.key));
		else
			mappings++;
	}
	return json_pack("{s:i, s:s, s:o, s:i, s:b}", "pid", (int)im->header.pid, "image", im->id, "fds", fds,
			 "mappings", mappings, "as_recorded", object->holders[first]->as_recorded);
}

static bool seen_before(const struct tshm_object *object, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (object->holders[j]->image == object->holders[i]->image)
			return true;
	return false;
}

/* What went from process to process, as both sides' records of this object tell. */
static json_t *transfers(const struct tshm_run *r, const struct tshm_object *object)
{
	static const char *const via[] = { "?", "SCM_RIGHTS sent", "SCM_RIGHTS received", "pidfd_getfd" };
	json_t *list = json_array();

	for (size_t i = 0; object->has_ident && tshm_kind_unique(object->kind) && i < r->image_count; i++) {
		const struct tshm_image *im = r->images[i];

		for (size_t j = 0; j < im->transfer_count; j++) {
			const struct tshm_transfer *t = &im->transfers[j];
			bool sent = t->direction == 1;

			if (t->dev != object->dev || t->ino != object->ino)
				continue;
			json_array_append_new(list, json_pack("{s:i, s:i, s:s, s:o}",
				"from", sent ? (int)im->header.pid : (int)t->peer,
				"to", sent ? (int)t->peer : (int)im->header.pid,
				"via", via[t->direction <= 3 ? t->direction : 0], "count", number(t->count)));
		}
	}
	return list;
}

static json_t *object_json(const struct tshm_run *r, const struct tshm_object *object)
{
	static const char *const states[] = { [TSHM_OBJECT_LIVE] = "live", [TSHM_OBJECT_LEAKED] = "leaked",
					      [TSHM_OBJECT_REMOVED] = "removed" };
	json_t *holders = json_array(), *outside = json_array(), *creator = json_null();

	for (size_t i = 0; i < object->holder_count; i++)
		if (!seen_before(object, i))
			json_array_append_new(holders, holder(object, i));
	for (size_t i = 0; i < object->outsider_count; i++)
		json_array_append_new(outside, json_pack("{s:i, s:o}", "pid", (int)object->outsiders[i].pid,
							 "exe", text(object->outsiders[i].exe)));
	if (object->creator)
		creator = json_pack("{s:i, s:s, s:i}", "pid", (int)object->creator->image->header.pid,
				    "image", object->creator->image->id, "site", (int)object->creator->h.site);
	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o}", "id", object->id,
			 "kind", tshm_kind_name(object->kind), "name", text(object->name),
			 "dev", number(object->dev), "ino", number(object->ino), "size", number(object->size),
			 "state", states[object->state], "creator", creator, "holders", holders,
			 "outsiders", outside, "transfers", transfers(r, object));
}

static json_t *finding(const struct tshm_out *o, const struct tshm_finding *f)
{
	struct tshm_trace t = tshm_trace_of(o->symbols, f->image, f->site);
	struct tshm_trace second = f->frame2 ? tshm_trace_of_frame(o->symbols, f->image2, f->frame2) :
					       tshm_trace_of(o->symbols, f->image2, f->site2);
	size_t leaf = t.leaf;
	json_t *call = text(t.call);

	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "rule", f->check->id, "severity", tshm_severity_name(f->severity),
			 "message", text(f->message), "advice", text(f->advice), "count", number(f->count),
			 "bytes", number(f->bytes), "object", f->object ? text(f->object->id) : json_null(),
			 "pid", f->image ? json_integer(f->image->header.pid) : json_null(),
			 "image", f->image ? text(f->image->id) : json_null(), "call", call,
			 "leaf", number(leaf), "stack", stack(&t), "stack2", stack(&second),
			 "suppressed_by", text(f->suppressed_by));
}

static void sites(const struct tshm_out *o, json_t *list)
{
	for (size_t i = 0; i < o->run->image_count; i++) {
		const struct tshm_image *im = o->run->images[i];

		for (size_t n = 1; n < im->site_count; n++) {
			const struct tshm_site *s = &im->sites[n];
			struct tshm_trace t;

			if (!s->stamp || (!s->acquired && !s->live))
				continue;
			t = tshm_trace_of(o->symbols, im, (uint32_t)n);
			json_array_append_new(list, json_pack("{s:i, s:s, s:s, s:o, s:o, s:i, s:i, s:o, s:o}",
				"id", (int)n, "image", im->id, "call", tshm_call_name(s->call),
				"acquired", number(s->acquired), "released", number(s->released),
				"live", (int)s->live, "peak", (int)s->peak,
				"bytes", number(s->live_bytes > 0 ? (uint64_t)s->live_bytes : 0),
				"stack", stack(&t)));
		}
	}
}

void tshm_out_json(const struct tshm_out *o)
{
	json_t *processes = json_array(), *objects = json_array(), *findings = json_array(), *where = json_array();
	json_t *root;

	for (size_t i = 0; i < o->run->image_count; i++)
		json_array_append_new(processes, process(o->run->images[i]));
	for (const struct tshm_object *p = o->run->objects; p; p = p->next)
		json_array_append_new(objects, object_json(o->run, p));
	for (size_t i = 0; i < o->findings->count; i++)
		json_array_append_new(findings, finding(o, o->findings->list[i]));
	sites(o, where);
	root = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "schema", "tshm-report/1", "run", run(o->run),
			 "summary", summary(o), "processes", processes, "objects", objects,
			 "findings", findings, "sites", where);
	if (!root) {
		fprintf(stderr, "tshm-report: the JSON could not be made\n");
		exit(3);
	}
	json_dumpf(root, o->to, JSON_INDENT(1));
	fputc('\n', o->to);
	json_decref(root);
}
