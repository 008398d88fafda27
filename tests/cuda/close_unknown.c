/* SPDX-License-Identifier: MIT */
/* Memory of one's own is closed, which was never opened. */
#include "steps.h"
#include "stories.h"

int story_close_unknown(const struct gpu *gpu)
{
	void *block;

	printf("EXPECT ipc-unbalanced-close\n");
	printf("EXPECT-FRAME ipc-unbalanced-close close_wrongly story_close_unknown\n");
	begin_cuda(gpu);
	block = make_block(gpu);
	if (close_wrongly(gpu, block) == 0)
		die("it was closed");
	free_block(gpu, block);
	return 0;
}
