/* SPDX-License-Identifier: MIT */
/* The exporter frees while the importer has it open: undefined, and mostly nothing is to be seen. */
#include "steps.h"
#include "stories.h"

__attribute__((noinline)) static void import_it(const struct gpu *gpu, struct peer *exporter)
{
	struct cuda_handle handle;
	void *block;

	begin_cuda(gpu);
	hear(exporter, &handle, sizeof(handle));
	block = open_block(gpu, &handle);
	tell_go(exporter);
	hear_go(exporter);
	(void)COUNTED(closed, gpu->ipc_close(block));
}

int story_exporter_frees_first(const struct gpu *gpu)
{
	struct peer importer = start_peer(gpu, import_it);
	struct cuda_handle handle;
	void *block;

	printf("EXPECT ipc-exporter-freed\n");
	begin_cuda(gpu);
	block = make_block(gpu);
	handle = export_block(gpu, block);
	tell(&importer, &handle, sizeof(handle));
	hear_go(&importer);
	free_block(gpu, block);
	tell_go(&importer);
	end_peer(&importer);
	return 0;
}
