/* SPDX-License-Identifier: MIT */
/* Marks in JSON: what a program measured around its own pieces of work. */
#include "out_json.h"

static const char *const classes[TSHM_MARK_CLASSES] = {
	[TSHM_MARK_DESCRIPTORS] = "descriptors", [TSHM_MARK_SEGMENTS] = "segments",
	[TSHM_MARK_SEGMENT_MAPS] = "segment_mappings", [TSHM_MARK_OTHER_MAPS] = "other_mappings",
	[TSHM_MARK_SEMAPHORES] = "semaphores", [TSHM_MARK_IPC_MEMORY] = "ipc_memory",
	[TSHM_MARK_IPC_EVENTS] = "ipc_events", [TSHM_MARK_CUDA_MEMORY] = "cuda_memory",
};

static json_t *growth(const struct tshm_mark *m)
{
	json_t *counts = tshm_json_made(json_object());

	for (int class = 0; class < TSHM_MARK_CLASSES; class++)
		if (json_object_set_new(counts, classes[class],
					json_integer(m->live_end[class] - m->live_begin[class])) != 0)
			tshm_json_made(NULL);
	return counts;
}

static json_t *leaves(const struct tshm_out *o, const struct tshm_image *im, const struct tshm_mark *m)
{
	json_t *list = tshm_json_made(json_array());

	for (int i = 0; i < TSHM_MARK_LEAVES && m->leaves[i].grown; i++) {
		struct tshm_trace t = tshm_trace_of(o->symbols, im, m->leaves[i].site);

		tshm_json_append(list, tshm_json_made(json_pack("{s:s, s:i, s:o}", "what", classes[m->leaves[i].class],
						     "grown", (int)m->leaves[i].grown, "stack", tshm_json_stack(&t))));
	}
	return list;
}

static json_t *mark(const struct tshm_out *o, const struct tshm_image *im, const struct tshm_mark *m)
{
	bool ended = TSHM_STAMP_STATE(m->stamp) == TSHM_STATE_CLOSED;

	return tshm_json_made(json_pack("{s:o, s:i, s:s, s:i, s:b, s:o, s:o, s:o}", "name",
		tshm_json_text(im->string(im, m->name, NULL)), "pid", (int)im->header.pid, "image", im->id, "tid", (int)m->tid,
		"ended", ended, "seconds", ended ? json_real((double)(m->end_mono - m->begin_mono) / 1e9) : json_null(),
		"growth", ended ? growth(m) : json_null(), "leaves", ended ? leaves(o, im, m) : json_array()));
}

json_t *tshm_json_marks(const struct tshm_out *o)
{
	json_t *list = tshm_json_made(json_array());

	for (size_t i = 0; i < o->run->image_count; i++)
		for (size_t k = 0; k < o->run->images[i]->mark_count; k++)
			tshm_json_append(list, mark(o, o->run->images[i], &o->run->images[i]->marks[k]));
	return list;
}
