/* SPDX-License-Identifier: MIT */
/* SARIF: files, lines, functions and stacks. */
#include <stdlib.h>

#include "out_sarif.h"
#include "source.h"
#include "xalloc.h"

static json_t *file_uri(const char *path)
{
	TSHM_AUTO_FREE char *uri = tshm_source_uri(path);
	TSHM_AUTO_FREE char *whole = tshm_xasprintf("file://%s", uri);

	return tshm_json_made(json_pack("{s:s}", "uri", whole));
}

/* {"uri": "src/a.c", "uriBaseId": …}, or the whole path; NULL if there is none. */
static json_t *artifact(const struct tshm_out *o, const char *file)
{
	struct tshm_source s = tshm_source_of(o->source_root, file);
	TSHM_AUTO_FREE char *path = s.path, *uri = NULL;

	if (!path || !*path)
		return NULL;
	if (!s.relative)
		return file_uri(path);
	uri = tshm_source_uri(path);
	return tshm_json_made(json_pack("{s:s, s:s}", "uri", uri, "uriBaseId", TSHM_SARIF_ROOT));
}

static json_t *functions(const char *function)
{
	return tshm_json_made(json_pack("[{s:o, s:s}]", "fullyQualifiedName", tshm_sarif_text(function), "kind", "function"));
}

/* Where a line of a stack is, as far as known: file and line, else the module; the function. */
static json_t *location(const struct tshm_out *o, const struct tshm_line *l)
{
	json_t *place = tshm_json_made(json_object()), *physical = json_object();
	json_t *file = l->file && l->line ? artifact(o, l->file) : NULL;

	if (file)
		tshm_sarif_set(physical, "region", json_pack("{s:o}", "startLine", tshm_json_number(l->line)));
	else if (l->module && l->module[0] == '/')
		file = file_uri(l->module);
	if (file) {
		tshm_sarif_set(physical, "artifactLocation", file);
		tshm_sarif_set(place, "physicalLocation", json_incref(physical));
	}
	json_decref(physical);
	if (l->function)
		tshm_sarif_set(place, "logicalLocations", functions(l->function));
	return place;
}

json_t *tshm_sarif_locations(const struct tshm_out *o, const struct tshm_finding *f, struct tshm_trace *t)
{
	const struct tshm_line *l = tshm_source_line(t);
	json_t *list = tshm_json_made(json_array());

	if (!l && t->leaf < t->count)
		l = &t->lines[t->leaf];
	if (l)
		tshm_json_append(list, location(o, l));
	else if (f->image && f->image->exe[0] == '/')
		tshm_json_append(list, json_pack("{s:{s:o}}", "physicalLocation", "artifactLocation", file_uri(f->image->exe)));
	tshm_trace_free(t);
	return list;
}

static json_t *frame(const struct tshm_out *o, const struct tshm_line *l)
{
	json_t *place = location(o, l), *whole;
	TSHM_AUTO_FREE char *text = tshm_trace_line(l);

	tshm_sarif_set(place, "message", tshm_sarif_message(text));
	whole = tshm_json_made(json_pack("{s:o}", "location", place));
	if (l->module)
		tshm_sarif_set(whole, "module", tshm_sarif_text(tshm_text_base(l->module)));
	return whole;
}

/* A stack, innermost first; nothing if it is empty.  Frees it. */
static void add_stack(const struct tshm_out *o, json_t *to, const char *title, struct tshm_trace t)
{
	json_t *frames = json_array();

	if (t.call)
		tshm_json_append(frames, json_pack("{s:{s:o, s:o}}", "location", "message", tshm_sarif_message(t.call),
						   "logicalLocations", functions(t.call)));
	for (size_t i = 0; i < t.count; i++)
		tshm_json_append(frames, frame(o, &t.lines[i]));
	if (json_array_size(frames))
		tshm_json_append(to, json_pack("{s:o, s:o}", "message", tshm_sarif_message(title), "frames", frames));
	else
		json_decref(frames);
	tshm_trace_free(&t);
}

json_t *tshm_sarif_stacks(const struct tshm_out *o, const struct tshm_finding *f)
{
	json_t *list = tshm_json_made(json_array());

	add_stack(o, list, "where", tshm_trace_of(o->symbols, f->image, f->site));
	add_stack(o, list, f->stack2_title ? f->stack2_title : "and", tshm_trace_of_second(o->symbols, f));
	return list;
}

json_t *tshm_sarif_related(const struct tshm_out *o, const struct tshm_finding *f)
{
	struct tshm_trace t = tshm_trace_of_second(o->symbols, f);
	json_t *list = tshm_json_made(json_array()), *place;
	const struct tshm_line *l = tshm_source_line(&t);

	if (!l && t.leaf < t.count)
		l = &t.lines[t.leaf];
	if (l) {
		place = location(o, l);
		tshm_sarif_set(place, "id", json_integer(1));
		tshm_sarif_set(place, "message", tshm_sarif_message(f->stack2_title ? f->stack2_title : "and"));
		tshm_json_append(list, place);
	}
	tshm_trace_free(&t);
	return list;
}
