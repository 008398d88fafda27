/* SPDX-License-Identifier: MIT */
/* An importer opens eight blocks at one place and closes none; a mark around it says so too. */
#include "../../include/tshm.h"
#include "steps.h"
#include "stories.h"

#define BLOCKS 8u

__attribute__((noinline)) static void import_them(const struct gpu *gpu, struct peer *exporter)
{
	struct cuda_handle handle;

	begin_cuda(gpu);
	tshm_mark_begin("import");
	for (unsigned i = 0; i < BLOCKS; i++) {
		hear(exporter, &handle, sizeof(handle));
		must_read(gpu, open_block(gpu, &handle), i);
	}
	tshm_mark_end("import");
}

int story_never_closed_many(const struct gpu *gpu)
{
	struct peer importer = start_peer(gpu, import_them);
	struct cuda_handle handle;
	void *blocks[BLOCKS];

	printf("EXPECT ipc-mem-unclosed %u \n", BLOCKS);
	printf("EXPECT-FRAME ipc-mem-unclosed open_block import_them\n");
	printf("EXPECT ipc-growth %u more opens of CUDA memory were live at the end of mark \"import\"\n", BLOCKS);
	begin_cuda(gpu);
	for (unsigned i = 0; i < BLOCKS; i++) {
		blocks[i] = make_block(gpu);
		write_number(gpu, blocks[i], i);
		handle = export_block(gpu, blocks[i]);
		tell(&importer, &handle, sizeof(handle));
	}
	end_peer(&importer);
	for (unsigned i = 0; i < BLOCKS; i++)
		free_block(gpu, blocks[i]);
	return 0;
}
