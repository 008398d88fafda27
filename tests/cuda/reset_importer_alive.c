/* SPDX-License-Identifier: MIT */
/* The exporter resets its device, which frees what the importer has open. */
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

__attribute__((noinline)) static void reset_device(const struct gpu *gpu)
{
	ok(COUNTED(freed, gpu->reset()), "reset");	/* of the one block that there is */
}

int story_reset_importer_alive(const struct gpu *gpu)
{
	struct peer importer = start_peer(gpu, import_it);
	struct cuda_handle handle;

	printf("EXPECT ipc-exporter-freed\n");
	begin_cuda(gpu);
	handle = export_block(gpu, make_block(gpu));
	tell(&importer, &handle, sizeof(handle));
	hear_go(&importer);
	reset_device(gpu);
	tell_go(&importer);
	end_peer(&importer);
	return 0;
}
