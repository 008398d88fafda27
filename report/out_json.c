/* SPDX-License-Identifier: MIT */
/* --format=json: schema tshm-report/1 (tests/schema/tshm-report-1.schema.json).  Keys are stable; more may come. */
#include <stdlib.h>

#include "fingerprint.h"
#include "out_json.h"
#include "text.h"
#include "trace.h"
#include "xalloc.h"
#include <uthash.h>

json_t *tshm_json_made(json_t *value)
{
	if (!value)
		tshm_out_failed("JSON");
	return value;
}

void tshm_json_append(json_t *list, json_t *value)
{
	if (json_array_append_new(list, tshm_json_made(value)) != 0)
		tshm_out_failed("JSON");
}

json_t *tshm_json_text(const char *s)
{
	TSHM_AUTO_FREE char *valid = s ? tshm_text_utf8(s) : NULL;

	return tshm_json_made(s ? json_string(valid) : json_null());
}

json_t *tshm_json_number(uint64_t n)
{
	return tshm_json_made(json_integer((json_int_t)(n < INT64_MAX ? n : INT64_MAX)));
}

/* A process that is not known is null. */
static json_t *pid_or_null(pid_t pid)
{
	return tshm_json_made(pid > 0 ? json_integer(pid) : json_null());
}

json_t *tshm_json_wall(uint64_t ns)
{
	return tshm_json_made(ns ? json_real((double)ns / 1e9) : json_null());
}

json_t *tshm_json_stack(struct tshm_trace *t)
{
	json_t *list = json_array();

	for (size_t i = 0; i < t->count; i++) {
		const struct tshm_line *l = &t->lines[i];

		tshm_json_append(list, json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:b}",
			"kind", l->python ? "python" : "native", "function", tshm_json_text(l->function),
			"file", tshm_json_text(l->file), "line", l->line ? tshm_json_number(l->line) : json_null(),
			"module", tshm_json_text(l->module), "offset", l->python ? json_null() : tshm_json_number(l->offset),
			"build_id", l->build_id[0] ? json_string(l->build_id) : json_null(),
			"inlined", l->inlined));
	}
	tshm_trace_free(t);
	return list;
}

/* One of the runs that the report is of. */
static json_t *part(const struct tshm_run *p)
{
	json_t *command = json_array();

	for (int i = 0; i < p->command_count; i++)
		tshm_json_append(command, tshm_json_text(p->command[i]));
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "path", tshm_json_text(p->path), "host", tshm_json_text(p->host),
			 "boot_id", tshm_json_text(p->boot_id), "started", tshm_json_wall(p->started_wall),
			 "ended", tshm_json_wall(p->ended_wall), "command", command);
}

static json_t *run(const struct tshm_run *r)
{
	json_t *problems = json_array(), *parts = json_array();

	for (size_t i = 0; i < r->problem_count; i++)
		tshm_json_append(problems, tshm_json_text(r->problems[i]));
	for (size_t i = 0; i < r->part_count; i++)
		tshm_json_append(parts, part(r->parts[i]));
	return json_pack("{s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:o}", "path", tshm_json_text(r->path), "host", tshm_json_text(r->host),
			 "started", tshm_json_wall(r->started_wall), "ended", tshm_json_wall(r->ended_wall), "complete", r->complete,
			 "lost", tshm_json_number(r->lost), "problems", problems, "parts", parts);
}

static json_t *summary(const struct tshm_out *o)
{
	struct tshm_totals n = tshm_totals(o->findings);

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o}", "processes", tshm_json_number(tshm_out_processes(o->run)),
			 "errors", tshm_json_number(n.errors), "warnings", tshm_json_number(n.warnings), "notes", tshm_json_number(n.notes),
			 "suppressed", tshm_json_number(n.suppressed), "known", tshm_json_number(n.known), "leaked_segments", tshm_json_number(n.leaked_segments),
			 "leaked_bytes", tshm_json_number(n.leaked_bytes), "gate", tshm_gate_name(o->gate),
			 "gate_why", tshm_json_text(o->why), "policy", tshm_json_text(o->policy ? o->policy->text : NULL));
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

/* Its number in run.parts; null if it is of none. */
static json_t *part_of(const struct tshm_run *run, const struct tshm_image *im)
{
	for (size_t i = 0; i < run->part_count; i++)
		if (run->parts[i] == im->part)
			return tshm_json_number(i);
	return json_null();
}

static json_t *process(const struct tshm_run *run, const struct tshm_image *im)
{
	json_t *argv = json_array();
	int32_t ppid = im->parent ? im->parent->header.pid : im->header.ppid;
	bool has_status = im->status >= 0 &&
		(im->state == TSHM_IMAGE_EXITED || im->state == TSHM_IMAGE_SIGNALED);

	for (int i = 0; i < im->argc; i++)
		tshm_json_append(argv, tshm_json_text(im->argv[i]));
	return json_pack("{s:i, s:i, s:s, s:o, s:o, s:s, s:o, s:b, s:o, s:o}", "pid", (int)im->header.pid,
			 "ppid", (int)ppid, "image", im->id, "exe", tshm_json_text(im->exe), "argv", argv,
			 "state", state_of(im), "status", has_status ? json_integer(im->status) : json_null(),
			 "observed", im->observed, "why_unobserved", tshm_json_text(im->why_unobserved), "part", part_of(run, im));
}

static json_t *holder(const struct tshm_out *o, const struct tshm_object *object, size_t first)
{
	const struct tshm_image *im = object->holders[first]->image;
	json_t *fds = json_array(), *whole;
	int mappings = 0;

	for (size_t i = first; i < object->holder_count; i++) {
		const struct tshm_held *h = object->holders[i];

		if (h->image != im)
			continue;
		if (tshm_kind_by(h->r.kind) == TSHM_BY_DESCRIPTOR)
			tshm_json_append(fds, tshm_json_number(h->r.key));
		else
			mappings++;
	}
	whole = tshm_json_made(json_pack("{s:i, s:s, s:o, s:i, s:b}", "pid", (int)im->header.pid, "image", im->id, "fds", fds,
			       "mappings", mappings, "as_recorded", object->holders[first]->as_recorded));
	tshm_json_add_threads(o, im->live_pid, object, whole);
	return whole;
}

static bool seen_before(const struct tshm_object *object, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (object->holders[j]->image == object->holders[i]->image)
			return true;
	return false;
}

/* Transfers by the object that was passed: all are looked at once, not once an object. */
struct passed {
	struct { uint64_t dev, ino, domain; } key;
	json_t *list;
	UT_hash_handle hh;
};

static json_t *transfer(const struct tshm_image *im, const struct tshm_transfer *t)
{
	bool sent = t->direction == 1;
	/* The ends of a socketpair name who made it, which tells nothing of who has the other end now. */
	pid_t self = im->header.pid, peer = t->peer == self ? 0 : t->peer;

	return tshm_json_made(json_pack("{s:o, s:o, s:s, s:o, s:s}", "from", pid_or_null(sent ? self : peer),
			      "to", pid_or_null(sent ? peer : self), "via", t->direction == 3 ? "pidfd_getfd" : "SCM_RIGHTS",
			      "count", tshm_json_number(t->count), "side", sent ? "sender" : "receiver"));
}

static struct passed *passed_of(const struct tshm_run *r)
{
	struct passed *all = NULL, *p, key = { 0 };

	for (size_t i = 0; i < r->image_count; i++) {
		const struct tshm_image *im = r->images[i];

		for (size_t j = 0; j < im->transfer_count; j++) {
			const struct tshm_transfer *t = &im->transfers[j];

			if (t->direction < 1 || t->direction > 3)
				continue;
			key.key.dev = t->dev;
			key.key.ino = t->ino;
			key.key.domain = im->domain;
			HASH_FIND(hh, all, &key.key, sizeof(key.key), p);
			if (!p) {
				p = tshm_xcalloc(1, sizeof(*p));
				p->key = key.key;
				p->list = tshm_json_made(json_array());
				HASH_ADD(hh, all, key, sizeof(p->key), p);
			}
			tshm_json_append(p->list, transfer(im, t));
		}
	}
	return all;
}

static void passed_free(struct passed *all)
{
	struct passed *p, *next;

	HASH_ITER(hh, all, p, next) {
		HASH_DEL(all, p);
		json_decref(p->list);
		free(p);
	}
}

static json_t *transfers(const struct passed *all, const struct tshm_object *object)
{
	struct passed *p = NULL, key = { .key = { object->dev, object->ino, object->domain } };

	if (object->has_ident && tshm_kind_unique(object->kind))
		HASH_FIND(hh, all, &key.key, sizeof(key.key), p);
	return p ? json_incref(p->list) : tshm_json_made(json_array());
}

static json_t *outsider(const struct tshm_out *o, const struct tshm_object *object, const struct tshm_outsider *who)
{
	json_t *whole = tshm_json_made(json_pack("{s:i, s:o}", "pid", (int)who->pid, "exe", tshm_json_text(who->exe)));

	tshm_json_add_threads(o, who->pid, object, whole);
	return whole;
}

static json_t *object_json(const struct tshm_out *o, const struct passed *passed, const struct tshm_object *object)
{
	static const char *const states[] = { [TSHM_OBJECT_LIVE] = "live", [TSHM_OBJECT_LEAKED] = "leaked",
					      [TSHM_OBJECT_REMOVED] = "removed" };
	json_t *holders = json_array(), *outside = json_array(), *creator = json_null();

	for (size_t i = 0; i < object->holder_count; i++)
		if (!seen_before(object, i))
			tshm_json_append(holders, holder(o, object, i));
	for (size_t i = 0; i < object->outsider_count; i++)
		tshm_json_append(outside, outsider(o, object, &object->outsiders[i]));
	if (object->creator)
		creator = json_pack("{s:i, s:s, s:i}", "pid", (int)object->creator->image->header.pid,
				    "image", object->creator->image->id, "site", (int)object->creator->h.site);
	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o}", "id", object->id,
			 "kind", tshm_out_kind(object), "name", tshm_json_text(object->name),
			 "dev", tshm_json_number(object->dev), "ino", tshm_json_number(object->ino), "size", tshm_json_number(object->size),
			 "state", states[object->state], "creator", creator, "holders", holders,
			 "outsiders", outside, "transfers", transfers(passed, object));
}

static json_t *finding(const struct tshm_out *o, const struct tshm_finding *f)
{
	struct tshm_trace t = tshm_trace_of(o->symbols, f->image, f->site);
	struct tshm_trace second = tshm_trace_of_second(o->symbols, f);
	size_t leaf = t.leaf;
	json_t *call = tshm_json_text(t.call);
	struct tshm_fingerprint p = tshm_fingerprint_of(o->symbols, f);
	TSHM_AUTO_FREE char *key = tshm_fingerprint_key(&p);
	char hash[33];

	tshm_fingerprint_hash(key, hash);
	tshm_fingerprint_free(&p);
	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:b}",
			 "rule", f->check->id, "severity", tshm_severity_name(f->severity),
			 "message", tshm_json_text(f->message), "advice", tshm_json_text(f->advice), "count", tshm_json_number(f->count),
			 "bytes", tshm_json_number(f->bytes), "object", f->object ? tshm_json_text(f->object->id) : json_null(),
			 "pid", f->image ? json_integer(f->image->header.pid) : json_null(),
			 "image", f->image ? tshm_json_text(f->image->id) : json_null(), "call", call,
			 "leaf", tshm_json_number(leaf), "stack", tshm_json_stack(&t), "stack2", tshm_json_stack(&second),
			 "suppressed_by", tshm_json_text(f->suppressed_by),
			 "handle", f->handle ? tshm_json_handle(f->handle) : json_null(),
			 "fingerprint", hash, "known", (int)f->known);
}

/* Null without --baseline. */
static json_t *baseline(const struct tshm_out *o)
{
	json_t *gone = json_array();

	if (!o->baseline) {
		json_decref(gone);
		return json_null();
	}
	for (size_t i = 0; i < o->baseline->count; i++) {
		const struct tshm_baseline_row *row = &o->baseline->rows[i];

		if (!row->there)
			tshm_json_append(gone, json_pack("{s:s, s:s}", "rule", row->rule, "place", row->place));
	}
	return json_pack("{s:o, s:o}", "file", tshm_json_text(o->baseline->file), "gone", gone);
}

static json_t *site_json(const struct tshm_out *o, const struct tshm_image *im, uint32_t n)
{
	const struct tshm_site *s = &im->sites[n];
	struct tshm_trace t = tshm_trace_of(o->symbols, im, n);

	return json_pack("{s:i, s:s, s:s, s:o, s:o, s:I, s:I, s:o, s:o}", "id", (int)n, "image", im->id,
			 "call", tshm_call_name(s->call), "acquired", tshm_json_number(s->acquired),
			 "released", tshm_json_number(s->released), "live", (json_int_t)s->live, "peak", (json_int_t)s->peak,
			 "bytes", tshm_json_number(s->live_bytes > 0 ? (uint64_t)s->live_bytes : 0), "stack", tshm_json_stack(&t));
}

/* Sites that did something, and those that history refers to (shmget() holds nothing, but makes). */
static void sites(const struct tshm_out *o, json_t *list)
{
	for (size_t i = 0; i < o->run->image_count; i++) {
		const struct tshm_image *im = o->run->images[i];
		TSHM_AUTO_FREE bool *wanted = tshm_xcalloc(im->site_count + 1, sizeof(*wanted));

		for (size_t j = 0; j < im->past_count; j++)
			if (im->past[j].h.site < im->site_count)
				wanted[im->past[j].h.site] = true;
		for (size_t n = 1; n < im->site_count; n++)
			if (im->sites[n].stamp && (wanted[n] || im->sites[n].acquired || im->sites[n].live))
				tshm_json_append(list, site_json(o, im, (uint32_t)n));
	}
}

void tshm_out_json(const struct tshm_out *o)
{
	json_t *processes = json_array(), *objects = json_array(), *findings = json_array(), *where = json_array();
	struct passed *passed = passed_of(o->run);
	json_t *root;

	for (size_t i = 0; i < o->run->image_count; i++)
		tshm_json_append(processes, process(o->run, o->run->images[i]));
	for (const struct tshm_object *p = o->run->objects; p; p = p->next)
		tshm_json_append(objects, object_json(o, passed, p));
	for (size_t i = 0; i < o->findings->count; i++)
		tshm_json_append(findings, finding(o, o->findings->list[i]));
	sites(o, where);
	passed_free(passed);
	root = tshm_json_made(json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "schema", "tshm-report/1", "run", run(o->run),
			 "summary", summary(o), "processes", processes, "objects", objects,
			 "findings", findings, "sites", where, "cuda_ipc", tshm_json_ipc(o), "marks", tshm_json_marks(o),
			 "baseline", baseline(o)));
	json_dumpf(root, o->to, JSON_INDENT(1));
	fputc('\n', o->to);
	json_decref(root);
}
