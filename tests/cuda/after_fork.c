/* SPDX-License-Identifier: MIT */
/*
 * A process uses CUDA and forks; the child uses it too, and gets error 3.  Another child only frees what it
 * inherited, as destructors do, to no avail: a note.
 */
#include "steps.h"
#include "stories.h"

__attribute__((noinline)) static void use_in_child(const struct gpu *gpu)
{
	void *block = NULL;
	int error = gpu->malloc(&block, BLOCK_SIZE);

	if (!error)
		die("a forked child has got a block");
	fprintf(stderr, "in a forked child: error %d\n", error);
}

__attribute__((noinline)) static void free_in_child(const struct gpu *gpu, void *block)
{
	fprintf(stderr, "freed in a forked child: error %d\n", gpu->free(block));
}

int story_after_fork(const struct gpu *gpu)
{
	void *block;
	pid_t child;

	printf("EXPECT cuda-after-fork\n");
	printf("EXPECT-FRAME cuda-after-fork use_in_child story_after_fork\n");
	begin_cuda(gpu);
	block = make_block(gpu);
	child = must_fork();
	if (child == 0) {
		use_in_child(gpu);
		_exit(0);
	}
	must_wait(child);
	child = must_fork();
	if (child == 0) {
		free_in_child(gpu, block);
		_exit(0);
	}
	must_wait(child);
	free_block(gpu, block);
	return 0;
}
