/* SPDX-License-Identifier: MIT */
/* An importer ends with one block open.  It is the end of it, for the driver closes it: no more than a note. */
#include "steps.h"
#include "stories.h"

__attribute__((noinline)) static void import_it(const struct gpu *gpu, struct peer *exporter)
{
	struct cuda_handle handle;

	begin_cuda(gpu);
	hear(exporter, &handle, sizeof(handle));
	must_read(gpu, open_block(gpu, &handle), 1);
}

int story_never_closed(const struct gpu *gpu)
{
	struct peer importer = start_peer(gpu, import_it);
	void *block;

	printf("EXPECT ipc-mem-unclosed\n");
	printf("EXPECT-FRAME ipc-mem-unclosed open_block import_it\n");
	begin_cuda(gpu);
	block = share_block(gpu, &importer, 1);
	end_peer(&importer);
	free_block(gpu, block);
	return 0;
}
