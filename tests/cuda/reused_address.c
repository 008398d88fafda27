/* SPDX-License-Identifier: MIT */
/*
 * A block is exported and freed, and another one at the same address exported: the importer opens the
 * second.  Whoever goes by addresses takes it for the first, and says that a freed block was opened.
 */
#include "steps.h"
#include "stories.h"

#define TRIES 64u

__attribute__((noinline)) static void import_it(const struct gpu *gpu, struct peer *exporter)
{
	struct cuda_handle handle;
	void *block;

	begin_cuda(gpu);
	hear(exporter, &handle, sizeof(handle));
	block = open_block(gpu, &handle);
	must_read(gpu, block, 7);
	close_block(gpu, block);
	tell_go(exporter);
}

/* A block at this address.  Others that come in between are kept for a while. */
static void *make_at(const struct gpu *gpu, const void *wanted)
{
	void *tried[TRIES], *block = NULL;
	unsigned count = 0;

	while (count < TRIES && (block = make_block(gpu)) != wanted)
		tried[count++] = block;
	while (count-- > 0)
		free_block(gpu, tried[count]);
	return block == wanted ? block : NULL;
}

int story_reused_address(const struct gpu *gpu)
{
	struct peer importer = start_peer(gpu, import_it);
	struct cuda_handle first, second;
	void *block, *again;

	printf("EXPECT ipc-limbo\n");
	begin_cuda(gpu);
	block = make_block(gpu);
	first = export_block(gpu, block);
	free_block(gpu, block);
	again = make_at(gpu, block);
	if (!again)
		skip("no block comes to lie there again");
	second = export_block(gpu, again);
	if (memcmp(&first, &second, sizeof(first)) == 0)
		die("two blocks have one handle");
	write_number(gpu, again, 7);
	tell(&importer, &second, sizeof(second));
	hear_go(&importer);
	free_block(gpu, again);
	end_peer(&importer);
	return 0;
}
