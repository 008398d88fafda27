/* SPDX-License-Identifier: MIT */
/* A story prints what tshm must report about it, as scenarios do (tests/scenarios/scenario.h). */
#ifndef TSHM_CUDA_STORIES_H
#define TSHM_CUDA_STORIES_H

#include <stdatomic.h>

#include "gpu.h"

/* What succeeded, in all processes of the story: tshm must have noted each of it once. */
struct story_counts { _Atomic unsigned allocated, freed, exported, opened, closed; };
extern struct story_counts *story_counts;
#define COUNTED(what, error) story_count(&story_counts->what, error)
static inline int story_count(_Atomic unsigned *what, int error)
{
	if (!error)
		atomic_fetch_add(what, 1u);
	return error;
}

#define STORY(name) int story_##name(const struct gpu *gpu);
#include "stories.def"
#undef STORY

#endif
