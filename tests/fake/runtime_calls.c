/* SPDX-License-Identifier: MIT */
/* The double of libcudart: calls that go to the driver as they are. */
#include "runtime.h"

#define PITCH_ELEMENT 16u

int cudaMalloc(void **out, size_t size)
{
	return FAKE_CALL(alloc, out, size);
}

int cudaMallocPitch(void **out, size_t *pitch, size_t width, size_t height)
{
	return FAKE_CALL(alloc_pitch, out, pitch, width, height, PITCH_ELEMENT);
}

int cudaMalloc3D(struct cudaPitchedPtr *out, struct cudaExtent extent)
{
	out->xsize = extent.width;
	out->ysize = extent.height;
	return FAKE_CALL(alloc_pitch, &out->ptr, &out->pitch, extent.width, extent.height * extent.depth, PITCH_ELEMENT);
}

int cudaMallocManaged(void **out, size_t size, unsigned flags)
{
	return FAKE_CALL(alloc_managed, out, size, flags);
}

int cudaMallocAsync(void **out, size_t size, void *stream)
{
	return FAKE_CALL(alloc_async, out, size, stream);
}

int cudaMallocAsync_ptsz(void **out, size_t size, void *stream)
{
	return FAKE_CALL(alloc_async_ptsz, out, size, stream);
}

int cudaMallocFromPoolAsync(void **out, size_t size, void *pool, void *stream)
{
	return FAKE_CALL(alloc_pool, out, size, pool, stream);
}

int cudaMallocFromPoolAsync_ptsz(void **out, size_t size, void *pool, void *stream)
{
	return FAKE_CALL(alloc_pool_ptsz, out, size, pool, stream);
}

int cudaFree(void *block)
{
	return FAKE_CALL(free, block);
}

int cudaFreeAsync(void *block, void *stream)
{
	return FAKE_CALL(free_async, block, stream);
}

int cudaFreeAsync_ptsz(void *block, void *stream)
{
	return FAKE_CALL(free_async_ptsz, block, stream);
}

int cudaMemcpy(void *to, const void *from, size_t size, int kind)
{
	switch (kind) {
	case CUDA_HOST_TO_DEVICE:
		return FAKE_CALL(copy_to, to, from, size);
	case CUDA_DEVICE_TO_HOST:
		return FAKE_CALL(copy_from, to, from, size);
	case CUDA_DEVICE_TO_DEVICE:
		return FAKE_CALL(copy_inside, to, from, size);
	}
	return fake_tell(CUDA_INVALID_VALUE);
}

int cudaMemset(void *to, int value, size_t count)
{
	return FAKE_CALL(set, to, (unsigned char)value, count);
}

int cudaStreamSynchronize(void *stream)
{
	return FAKE_CALL(stream_sync, stream);
}

int cudaIpcGetMemHandle(struct cuda_handle *handle, void *block)
{
	return FAKE_CALL(ipc_get, handle, block);
}

int cudaIpcOpenMemHandle(void **out, struct cuda_handle handle, unsigned flags)
{
	return FAKE_CALL(ipc_open, out, handle, flags);
}

int cudaIpcCloseMemHandle(void *mapped)
{
	return FAKE_CALL(ipc_close, mapped);
}

int cudaIpcGetEventHandle(struct cuda_handle *handle, void *event)
{
	return FAKE_CALL(ipc_event, handle, event);
}

int cudaIpcOpenEventHandle(void **event, struct cuda_handle handle)
{
	return FAKE_CALL(ipc_open_event, event, handle);
}

int cudaEventCreate(void **event)
{
	return FAKE_CALL(event_create, event, 0);
}

int cudaEventCreateWithFlags(void **event, unsigned flags)
{
	return FAKE_CALL(event_create, event, flags);
}

int cudaEventDestroy(void *event)
{
	return FAKE_CALL(event_destroy, event);
}

int cudaEventRecord(void *event, void *stream)
{
	return FAKE_CALL(event_record, event, stream);
}

int cudaEventRecord_ptsz(void *event, void *stream)
{
	return FAKE_CALL(event_record_ptsz, event, stream);
}

int cudaEventSynchronize(void *event)
{
	return FAKE_CALL(event_sync, event);
}
