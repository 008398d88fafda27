/* SPDX-License-Identifier: MIT */
/* --holders in JSON: "threads" or "denied" of objects[].holders[] and objects[].outsiders[]. */
#include <stdlib.h>
#include <string.h>

#include "holders.h"
#include "out_json.h"
#include "text.h"
#include "xalloc.h"

/* A process that holds very many objects is told of in full at the first of them only. */
#define IN_FULL_MOST 16u

static void add(json_t *to, const char *key, json_t *value)
{
	if (!value || json_object_set_new(to, key, value) != 0)
		tshm_out_failed("JSON");
}

static json_t *thread(const struct tshm_out *o, const struct tshm_threads *all, const struct tshm_stand *s)
{
	struct tshm_trace t = tshm_trace_of_frames(o->symbols, &all->now, s->frames, s->depth);
	char state[2] = { s->state > ' ' && s->state < 0x7f ? s->state : '?', 0 };
	TSHM_AUTO_FREE char *name = tshm_text_utf8(s->name);
	size_t leaf = t.leaf;

	return json_pack("{s:i, s:o, s:s, s:I, s:o, s:o}", "tid", (int)s->tid, "name", json_string(name), "state", state,
			 "leaf", (json_int_t)leaf, "stack", tshm_json_stack(&t),
			 "why_no_stack", s->error ? json_string(strerror(s->error)) : json_null());
}

static size_t place_of(const struct tshm_holder *h, const struct tshm_object *object)
{
	size_t i = 0;

	while (i < IN_FULL_MOST && i < h->object_count && h->objects[i] != object)
		i++;
	return i;
}

void tshm_json_add_threads(const struct tshm_out *o, pid_t pid, const struct tshm_object *object, json_t *holder)
{
	const struct tshm_holder *h = tshm_holders_find(o->holders, pid);
	json_t *list;

	if (!h)
		return;
	if (h->denied) {
		add(holder, "denied", json_string(h->denied));
		return;
	}
	if (place_of(h, object) >= IN_FULL_MOST) {
		add(holder, "threads_at", json_string(h->objects[0]->id));
		return;
	}
	list = json_array();
	for (size_t i = 0; i < h->threads.count; i++)
		if (json_array_append_new(list, thread(o, &h->threads, &h->threads.list[i])) != 0)
			tshm_out_failed("JSON");
	add(holder, "threads", list);
	add(holder, "thread_count", json_integer((json_int_t)h->threads.total));
}
