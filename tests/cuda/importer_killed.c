/* SPDX-License-Identifier: MIT */
/* The importer is killed with a block open, and only then does the exporter free it. */
#include "steps.h"
#include "stories.h"

__attribute__((noinline)) static void import_it(const struct gpu *gpu, struct peer *exporter)
{
	struct cuda_handle handle;

	begin_cuda(gpu);
	hear(exporter, &handle, sizeof(handle));
	must_read(gpu, open_block(gpu, &handle), 5);
	tell_go(exporter);
	hear_go(exporter);
}

int story_importer_killed(const struct gpu *gpu)
{
	struct peer importer = start_peer(gpu, import_it);
	void *block;

	printf("EXPECT ipc-mem-unclosed\n");
	begin_cuda(gpu);
	block = share_block(gpu, &importer, 5);
	hear_go(&importer);
	kill_peer(&importer);
	free_block(gpu, block);
	return 0;
}
