/* SPDX-License-Identifier: MIT */
/* Ten small blocks, which the driver lays into one large: each is opened, told apart, and closed. */
#include "../../include/tshm.h"
#include "steps.h"
#include "stories.h"

#define BLOCKS 10u

__attribute__((noinline)) static void import_them(const struct gpu *gpu, struct peer *exporter)
{
	struct cuda_handle handle;
	void *blocks[BLOCKS];

	begin_cuda(gpu);
	tshm_mark_begin("import");
	for (unsigned i = 0; i < BLOCKS; i++) {
		hear(exporter, &handle, sizeof(handle));
		blocks[i] = open_block(gpu, &handle);
	}
	for (unsigned i = 0; i < BLOCKS; i++) {
		must_read(gpu, blocks[i], 100 + i);
		close_block(gpu, blocks[i]);
	}
	tshm_mark_end("import");
	tell_go(exporter);
}

int story_share_many(const struct gpu *gpu)
{
	struct peer importer = start_peer(gpu, import_them);
	struct cuda_handle handle;
	void *blocks[BLOCKS];

	printf("LOOKALIKE ipc-interior-export\n");
	printf("LOOKALIKE ipc-limbo\n");
	printf("LOOKALIKE ipc-growth\n");
	printf("EXPECT-NONE\n");
	begin_cuda(gpu);
	for (unsigned i = 0; i < BLOCKS; i++) {
		blocks[i] = make_block(gpu);
		write_number(gpu, blocks[i], 100 + i);
	}
	for (unsigned i = 0; i < BLOCKS; i++) {
		handle = export_block(gpu, blocks[i]);
		tell(&importer, &handle, sizeof(handle));
	}
	hear_go(&importer);
	for (unsigned i = 0; i < BLOCKS; i++)
		free_block(gpu, blocks[i]);
	end_peer(&importer);
	return 0;
}
