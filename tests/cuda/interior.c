/* SPDX-License-Identifier: MIT */
/* An address inside of a block is exported: the importer gets where the block begins. */
#include "steps.h"
#include "stories.h"

__attribute__((noinline)) static void import_it(const struct gpu *gpu, struct peer *exporter)
{
	struct cuda_handle handle;
	void *block;

	begin_cuda(gpu);
	hear(exporter, &handle, sizeof(handle));
	block = open_block(gpu, &handle);
	close_block(gpu, block);
	tell_go(exporter);
}

int story_interior(const struct gpu *gpu)
{
	struct peer importer = start_peer(gpu, import_it);
	struct cuda_handle handle;
	char *block;

	printf("EXPECT ipc-interior-export\n");
	printf("EXPECT-FRAME ipc-interior-export export_block story_interior\n");
	begin_cuda(gpu);
	block = make_block(gpu);
	handle = export_block(gpu, block + 4096);
	tell(&importer, &handle, sizeof(handle));
	hear_go(&importer);
	free_block(gpu, block);
	end_peer(&importer);
	return 0;
}
