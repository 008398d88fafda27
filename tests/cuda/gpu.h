/* SPDX-License-Identifier: MIT */
/*
 * How a story calls CUDA.  Each caller (caller_*.c) fills this table with the functions themselves
 * wherever signatures agree, so that a stack goes from the story into CUDA.  All return 0 or an error.
 */
#ifndef TSHM_CUDA_GPU_H
#define TSHM_CUDA_GPU_H

#include "../fake/cuda.h"

struct gpu {
	int (*init)(void);		/* once a process, before all others */
	int (*reset)(void);
	int (*sync)(void);
	int (*malloc)(void **out, size_t size);
	int (*free)(void *block);
	int (*malloc_async)(void **out, size_t size, void *stream);
	int (*free_async)(void *block, void *stream);
	int (*malloc_managed)(void **out, size_t size, unsigned flags);
	int (*copy_to)(void *to, const void *from, size_t size);
	int (*copy_from)(void *to, const void *from, size_t size);
	int (*ipc_get)(struct cuda_handle *handle, void *block);
	int (*ipc_open)(void **out, struct cuda_handle handle, unsigned flags);
	int (*ipc_close)(void *mapped);
	int (*event_create)(void **event, unsigned flags);
	int (*event_destroy)(void *event);
	int (*event_record)(void *event, void *stream);
	int (*event_sync)(void *event);
	int (*event_get)(struct cuda_handle *handle, void *event);
	int (*event_open)(void **event, struct cuda_handle handle);
};

/* The caller that a program was built with; skips where there is no CUDA. */
void caller_fill(struct gpu *gpu);

#endif
