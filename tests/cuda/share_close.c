/* SPDX-License-Identifier: MIT */
/* Shared as it should be: the importer closes, then the exporter frees; what was written crosses both ways. */
#include "steps.h"
#include "stories.h"

__attribute__((noinline)) static void import_it(const struct gpu *gpu, struct peer *exporter)
{
	struct cuda_handle handle;
	void *block;

	begin_cuda(gpu);
	hear(exporter, &handle, sizeof(handle));
	block = open_block(gpu, &handle);
	must_read(gpu, block, 4711);
	write_number(gpu, block, 4712);
	close_block(gpu, block);
	tell_go(exporter);
}

int story_share_close(const struct gpu *gpu)
{
	struct peer importer = start_peer(gpu, import_it);
	void *block;

	printf("LOOKALIKE cuda-after-fork\n");
	printf("LOOKALIKE ipc-exporter-freed\n");
	printf("LOOKALIKE ipc-exporter-gone\n");
	printf("EXPECT-NONE\n");
	begin_cuda(gpu);
	block = share_block(gpu, &importer, 4711);
	hear_go(&importer);
	must_read(gpu, block, 4712);
	free_block(gpu, block);
	end_peer(&importer);
	return 0;
}
