/* SPDX-License-Identifier: MIT */
/* Two opens of one handle give one pointer and count; two closes are right. */
#include "steps.h"
#include "stories.h"

__attribute__((noinline)) static void import_it(const struct gpu *gpu, struct peer *exporter)
{
	struct cuda_handle handle;
	void *block;

	begin_cuda(gpu);
	hear(exporter, &handle, sizeof(handle));
	block = open_block(gpu, &handle);
	if (open_block(gpu, &handle) != block)
		die("opened again, it is elsewhere");
	close_block(gpu, block);
	must_read(gpu, block, 3);
	close_block(gpu, block);
}

int story_opened_twice_closed_twice(const struct gpu *gpu)
{
	struct peer importer = start_peer(gpu, import_it);
	struct cuda_handle handle;
	void *block;

	printf("LOOKALIKE ipc-mem-unclosed\n");
	printf("LOOKALIKE ipc-unbalanced-close\n");
	printf("LOOKALIKE ipc-same-process\n");
	printf("EXPECT-NONE\n");
	begin_cuda(gpu);
	block = make_block(gpu);
	write_number(gpu, block, 3);
	handle = export_block(gpu, block);
	tell(&importer, &handle, sizeof(handle));
	end_peer(&importer);
	free_block(gpu, block);
	return 0;
}
