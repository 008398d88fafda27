/* SPDX-License-Identifier: MIT */
/* The exporter destroys an event that the importer has open. */
#include "steps.h"
#include "stories.h"

__attribute__((noinline)) static void import_it(const struct gpu *gpu, struct peer *exporter)
{
	struct cuda_handle handle;
	void *event;

	begin_cuda(gpu);
	hear(exporter, &handle, sizeof(handle));
	event = open_event(gpu, &handle);
	tell_go(exporter);
	hear_go(exporter);
	(void)gpu->event_destroy(event);
}

int story_event_exporter_first(const struct gpu *gpu)
{
	struct peer importer = start_peer(gpu, import_it);
	struct cuda_handle handle;
	void *event;

	printf("EXPECT ipc-exporter-freed\n");
	begin_cuda(gpu);
	event = make_event(gpu);
	handle = export_event(gpu, event);
	tell(&importer, &handle, sizeof(handle));
	hear_go(&importer);
	destroy_event(gpu, event);
	tell_go(&importer);
	end_peer(&importer);
	return 0;
}
