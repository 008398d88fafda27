/* SPDX-License-Identifier: MIT */
/*
 * PyTorch counts the users of the GPU memory that it shares in segments of shared memory, each of
 * 10,000 counters.  Of such a segment alone nobody can tell what it is about: here findings about
 * one say which allocations of CUDA it counts for, and where they were exported.
 */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

#define COUNTERS_SIZE (10000 * 8 + 64)	/* and the header of PyTorch's counted segments */
#define COUNTERS_NAME "torch_[0-9]*_[0-9]*_[0-9]*"	/* PID_RANDOM_COUNT */

static bool is_counters(const struct tshm_object *o)
{
	return o->space == TSHM_SPACE_SHM && o->name && o->size == COUNTERS_SIZE && o->creator &&
	       !fnmatch(COUNTERS_NAME, tshm_text_base(o->name), 0);
}

static void tell(struct tshm_finding *f)
{
	const struct tshm_image *im = f->object->creator->image;
	const struct tshm_ripc *first = NULL;
	uint64_t count = 0, bytes = 0;
	char *message;

	for (size_t i = 0; i < im->ipc_count; i++) {
		const struct tshm_ripc *e = &im->ipcs[i];

		if (e->r.role != TSHM_IPC_EXPORT || !e->r.count)
			continue;
		first = first ? first : e;
		count++;
		bytes += e->r.size;
	}
	if (!first)
		return;
	message = tshm_xasprintf("%s; it has PyTorch's counters of who uses %s (%s) that the same process exported", f->message,
				 tshm_text_plural(count, "CUDA allocation").s, tshm_text_size(bytes).s);
	free(f->message);
	f->message = message;
	if (!f->image2 && first->r.site) {
		f->image2 = im;
		f->site2 = first->r.site;
		f->stack2_title = "the first of them exported by";
	}
}

void tshm_torch_counters(struct tshm_findings *found)
{
	for (size_t i = 0; i < found->count; i++)
		if (found->list[i]->object && is_counters(found->list[i]->object))
			tell(found->list[i]);
}
