/* SPDX-License-Identifier: MIT */
/* One block is exported 10,000 times, then a hundred are made, exported and freed in turn; nobody opens any. */
#include "steps.h"
#include "stories.h"

int story_many_exports(const struct gpu *gpu)
{
	struct cuda_handle first, handle;
	void *block;

	printf("EXPECT ipc-limbo\n");
	begin_cuda(gpu);
	block = make_block(gpu);
	first = export_block(gpu, block);
	for (unsigned i = 1; i < 10000; i++) {
		handle = export_block(gpu, block);
		if (memcmp(&handle, &first, sizeof(handle)) != 0)
			die("export %u of one block is another handle", i);
	}
	free_block(gpu, block);
	for (unsigned i = 0; i < 100; i++) {
		block = make_block(gpu);
		handle = export_block(gpu, block);
		free_block(gpu, block);
		if (memcmp(&handle, &first, sizeof(handle)) == 0)
			die("another block has got the same handle");
	}
	return 0;
}
