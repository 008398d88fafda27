/* SPDX-License-Identifier: MIT */
/* Two opens of one handle give one pointer and count; one close leaves it open. */
#include "steps.h"
#include "stories.h"

__attribute__((noinline)) static void import_it(const struct gpu *gpu, struct peer *exporter)
{
	void *block;

	begin_cuda(gpu);
	block = open_twice(gpu, exporter);
	close_block(gpu, block);
	must_read(gpu, block, 3);
}

int story_opened_twice_closed_once(const struct gpu *gpu)
{
	struct peer importer = start_peer(gpu, import_it);
	void *block;

	printf("EXPECT ipc-mem-unclosed\n");
	printf("EXPECT-FRAME ipc-mem-unclosed open_block import_it\n");
	begin_cuda(gpu);
	block = share_block(gpu, &importer, 3);
	end_peer(&importer);
	free_block(gpu, block);
	return 0;
}
