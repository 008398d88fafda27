/* SPDX-License-Identifier: MIT */
/*
 * What stories do with CUDA, by names that stacks shall show.  Each looks at what was returned: a call
 * at the very end would be a jump, and the function not in the stack.
 */
#ifndef TSHM_CUDA_STEPS_H
#define TSHM_CUDA_STEPS_H

#include "peer.h"
#include "stories.h"

#define BLOCK_SIZE ((size_t)64 << 10)
#define STEP __attribute__((noinline, unused)) static

static inline void ok(int error, const char *what)
{
	if (error)
		die("%s: error %d", what, error);
}

/* Begins a process, or skips where there is no GPU. */
STEP void begin_cuda(const struct gpu *gpu)
{
	int error = gpu->init();

	if (error == CUDA_NO_DEVICE)
		skip("no GPU");
	ok(error, "init");
}

STEP void *make_block(const struct gpu *gpu)
{
	void *block = NULL;

	ok(COUNTED(allocated, gpu->malloc(&block, BLOCK_SIZE)), "malloc");
	return block;
}

STEP void free_block(const struct gpu *gpu, void *block)
{
	ok(COUNTED(freed, gpu->free(block)), "free");
}

STEP struct cuda_handle export_block(const struct gpu *gpu, void *block)
{
	struct cuda_handle handle;

	ok(COUNTED(exported, gpu->ipc_get(&handle, block)), "export");
	return handle;
}

STEP void *open_block(const struct gpu *gpu, const struct cuda_handle *handle)
{
	void *block = NULL;

	ok(COUNTED(opened, gpu->ipc_open(&block, *handle, CUDA_IPC_LAZY_PEER_ACCESS)), "open");
	return block;
}

STEP void close_block(const struct gpu *gpu, void *block)
{
	ok(COUNTED(closed, gpu->ipc_close(block)), "close");
}

/* A close that CUDA may refuse, and tshm must not like. */
STEP int close_wrongly(const struct gpu *gpu, void *block)
{
	int error = COUNTED(closed, gpu->ipc_close(block));

	fprintf(stderr, "this close returned %d\n", error);
	return error;
}

STEP void *make_event(const struct gpu *gpu)
{
	void *event = NULL;

	ok(gpu->event_create(&event, CUDA_EVENT_INTERPROCESS | CUDA_EVENT_DISABLE_TIMING), "event");
	return event;
}

STEP struct cuda_handle export_event(const struct gpu *gpu, void *event)
{
	struct cuda_handle handle;

	ok(gpu->event_get(&handle, event), "export event");
	return handle;
}

STEP void *open_event(const struct gpu *gpu, const struct cuda_handle *handle)
{
	void *event = NULL;

	ok(gpu->event_open(&event, *handle), "open event");
	return event;
}

STEP void destroy_event(const struct gpu *gpu, void *event)
{
	ok(gpu->event_destroy(event), "destroy event");
}

/* What a block holds crosses only if it is really shared. */
STEP void write_number(const struct gpu *gpu, void *block, unsigned number)
{
	ok(gpu->copy_to(block, &number, sizeof(number)), "copy to");
	ok(gpu->sync(), "sync");
}

STEP void must_read(const struct gpu *gpu, void *block, unsigned number)
{
	unsigned got = 0;

	ok(gpu->copy_from(&got, block, sizeof(got)), "copy from");
	if (got != number)
		die("read %u, not %u", got, number);
}

/* A new block with this number in it, whose handle the importer hears. */
STEP void *share_block(const struct gpu *gpu, const struct peer *importer, unsigned number)
{
	void *block = make_block(gpu);
	struct cuda_handle handle;

	write_number(gpu, block, number);
	handle = export_block(gpu, block);
	tell(importer, &handle, sizeof(handle));
	return block;
}

/* One handle, opened two times: that is one pointer. */
STEP void *open_twice(const struct gpu *gpu, const struct peer *exporter)
{
	struct cuda_handle handle;
	void *block;

	hear(exporter, &handle, sizeof(handle));
	block = open_block(gpu, &handle);
	if (open_block(gpu, &handle) != block)
		die("opened again, it is elsewhere");
	return block;
}

#endif
