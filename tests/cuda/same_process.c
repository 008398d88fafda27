/* SPDX-License-Identifier: MIT */
/* A process opens its own handle; drivers refuse it, mostly with "invalid device context". */
#include "steps.h"
#include "stories.h"

__attribute__((noinline)) static void open_own(const struct gpu *gpu, const struct cuda_handle *handle)
{
	void *block = NULL;
	int error = COUNTED(opened, gpu->ipc_open(&block, *handle, CUDA_IPC_LAZY_PEER_ACCESS));

	fprintf(stderr, "to open one's own returned %d\n", error);
	if (!error)
		close_block(gpu, block);
}

int story_same_process(const struct gpu *gpu)
{
	struct cuda_handle handle;
	void *block;

	printf("EXPECT ipc-same-process\n");
	printf("EXPECT-FRAME ipc-same-process open_own story_same_process\n");
	printf("ALLOW ipc-limbo\n");
	begin_cuda(gpu);
	block = make_block(gpu);
	handle = export_block(gpu, block);
	open_own(gpu, &handle);
	free_block(gpu, block);
	return 0;
}
