/* SPDX-License-Identifier: MIT */
/* Events that cannot be shared: CUDA refuses, and nothing is left. */
#include "steps.h"
#include "stories.h"

int story_event_wrong_flags(const struct gpu *gpu)
{
	struct cuda_handle handle;
	void *event = NULL;

	printf("EXPECT-NONE\n");
	begin_cuda(gpu);
	if (gpu->event_create(&event, CUDA_EVENT_INTERPROCESS) == 0)
		die("an event of several processes keeps time");
	ok(gpu->event_create(&event, CUDA_EVENT_DISABLE_TIMING), "event");
	if (gpu->event_get(&handle, event) == 0)
		die("an event of one process is exported");
	destroy_event(gpu, event);
	return 0;
}
