/* SPDX-License-Identifier: MIT */
/* One open, two closes: the second is of nothing, or of what another part of the program has open there. */
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
	(void)close_wrongly(gpu, block);
	tell_go(exporter);
}

int story_closed_twice(const struct gpu *gpu)
{
	struct peer importer = start_peer(gpu, import_it);
	struct cuda_handle handle;
	void *block;

	printf("EXPECT ipc-unbalanced-close\n");
	printf("EXPECT-FRAME ipc-unbalanced-close close_wrongly import_it\n");
	begin_cuda(gpu);
	block = make_block(gpu);
	handle = export_block(gpu, block);
	tell(&importer, &handle, sizeof(handle));
	hear_go(&importer);
	free_block(gpu, block);
	end_peer(&importer);
	return 0;
}
