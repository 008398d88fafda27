/* SPDX-License-Identifier: MIT */
/* A block is exported, and nobody ever opens it. */
#include "steps.h"
#include "stories.h"

int story_limbo(const struct gpu *gpu)
{
	struct cuda_handle handle;
	void *block;

	printf("EXPECT ipc-limbo\n");
	printf("EXPECT-FRAME ipc-limbo export_block story_limbo\n");
	begin_cuda(gpu);
	block = make_block(gpu);
	handle = export_block(gpu, block);
	fprintf(stderr, "the handle begins with %02x\n", (unsigned char)handle.reserved[0]);
	free_block(gpu, block);
	return 0;
}
