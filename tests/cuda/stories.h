/* SPDX-License-Identifier: MIT */
/* A story prints what tshm must report about it, as scenarios do (tests/scenarios/scenario.h). */
#ifndef TSHM_CUDA_STORIES_H
#define TSHM_CUDA_STORIES_H

#include "gpu.h"

#define STORY(name) int story_##name(const struct gpu *gpu);
#include "stories.def"
#undef STORY

#endif
