/* SPDX-License-Identifier: MIT */
/* An event that both wait for; each destroys its own, the importer first. */
#include "steps.h"
#include "stories.h"

__attribute__((noinline)) static void import_it(const struct gpu *gpu, struct peer *exporter)
{
	struct cuda_handle handle;
	void *event;

	begin_cuda(gpu);
	hear(exporter, &handle, sizeof(handle));
	event = open_event(gpu, &handle);
	ok(gpu->event_sync(event), "wait");
	destroy_event(gpu, event);
	tell_go(exporter);
}

int story_events(const struct gpu *gpu)
{
	struct peer importer = start_peer(gpu, import_it);
	struct cuda_handle handle;
	void *event, *local = NULL;

	printf("LOOKALIKE ipc-event-leaked\n");
	printf("EXPECT-NONE\n");
	begin_cuda(gpu);
	/* One that is never shared is nobody's business. */
	ok(gpu->event_create(&local, 0), "event");
	event = make_event(gpu);
	handle = export_event(gpu, event);
	ok(gpu->event_record(event, NULL), "record");
	ok(gpu->sync(), "sync");
	tell(&importer, &handle, sizeof(handle));
	hear_go(&importer);
	destroy_event(gpu, event);
	destroy_event(gpu, local);
	end_peer(&importer);
	return 0;
}
