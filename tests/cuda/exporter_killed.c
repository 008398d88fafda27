/* SPDX-License-Identifier: MIT */
/* The exporter is killed while the importer has it open; a third process stands between them. */
#include "steps.h"
#include "stories.h"

__attribute__((noinline)) static void export_it(const struct gpu *gpu, struct peer *middle)
{
	struct cuda_handle handle;

	begin_cuda(gpu);
	handle = export_block(gpu, make_block(gpu));
	tell(middle, &handle, sizeof(handle));
	hear_go(middle);
}

__attribute__((noinline)) static void import_it(const struct gpu *gpu, struct peer *middle)
{
	struct cuda_handle handle;
	void *block;

	begin_cuda(gpu);
	hear(middle, &handle, sizeof(handle));
	block = open_block(gpu, &handle);
	tell_go(middle);
	hear_go(middle);
	(void)COUNTED(closed, gpu->ipc_close(block));
}

int story_exporter_killed(const struct gpu *gpu)
{
	struct peer importer = start_peer(gpu, import_it), exporter = start_peer(gpu, export_it);
	struct cuda_handle handle;

	printf("EXPECT ipc-exporter-gone\n");
	hear(&exporter, &handle, sizeof(handle));
	tell(&importer, &handle, sizeof(handle));
	hear_go(&importer);
	kill_peer(&exporter);
	tell_go(&importer);
	end_peer(&importer);
	return 0;
}
