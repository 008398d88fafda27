/* SPDX-License-Identifier: MIT */
/* Eight events are made and exported at one place, opened at another, and nobody destroys any. */
#include "steps.h"
#include "stories.h"

#define EVENTS 8u

__attribute__((noinline)) static void import_them(const struct gpu *gpu, struct peer *exporter)
{
	struct cuda_handle handle;

	begin_cuda(gpu);
	for (unsigned i = 0; i < EVENTS; i++) {
		hear(exporter, &handle, sizeof(handle));
		if (!open_event(gpu, &handle))
			die("no event");
	}
}

int story_event_leaked(const struct gpu *gpu)
{
	struct peer importer = start_peer(gpu, import_them);
	struct cuda_handle handle;

	printf("EXPECT ipc-event-leaked %u \n", EVENTS);
	printf("EXPECT-FRAME ipc-event-leaked open_event import_them\n");
	printf("EXPECT-FRAME ipc-event-leaked make_event story_event_leaked\n");
	begin_cuda(gpu);
	for (unsigned i = 0; i < EVENTS; i++) {
		handle = export_event(gpu, make_event(gpu));
		tell(&importer, &handle, sizeof(handle));
	}
	end_peer(&importer);
	return 0;
}
