/* SPDX-License-Identifier: MIT */
/* Memory that cannot be shared by a handle: managed, and from a pool.  CUDA refuses, nothing is left. */
#include "steps.h"
#include "stories.h"

#define ATTACH_GLOBAL 1

int story_export_refused(const struct gpu *gpu)
{
	struct cuda_handle handle;
	void *block = NULL;

	printf("EXPECT-NONE\n");
	begin_cuda(gpu);
	ok(COUNTED(allocated, gpu->malloc_managed(&block, BLOCK_SIZE, ATTACH_GLOBAL)), "managed");
	if (gpu->ipc_get(&handle, block) == 0)
		die("managed memory is exported");
	free_block(gpu, block);
	ok(COUNTED(allocated, gpu->malloc_async(&block, BLOCK_SIZE, NULL)), "async");
	ok(gpu->sync(), "sync");
	if (gpu->ipc_get(&handle, block) == 0)
		die("memory of a pool is exported");
	ok(COUNTED(freed, gpu->free_async(block, NULL)), "free async");
	ok(gpu->sync(), "sync");
	return 0;
}
