/* SPDX-License-Identifier: MIT */
/*
 * CUDA's driver and runtime as far as the tests use them, by our own declarations: no toolkit is
 * needed.  Names are those of the symbols (cuMemAlloc_v2), without the renaming of NVIDIA's header.
 * CUdeviceptr, an integer of 64 bits there, is a pointer here: the ABI is the same, and functions of
 * both halves fit into one table (tests/cuda/gpu.h).
 */
#ifndef TSHM_FAKE_CUDA_H
#define TSHM_FAKE_CUDA_H

#include <stddef.h>
#include <stdint.h>

/* CUipcMemHandle, cudaIpcMemHandle_t, CUipcEventHandle, CUmemPoolPtrExportData...; passed by value. */
struct cuda_handle {
	char reserved[64];
};
_Static_assert(sizeof(struct cuda_handle) == 64 && _Alignof(struct cuda_handle) == 1, "as in cuda.h");

struct CUmemLocation {
	int type, id;
};
struct CUmemAllocationProp {
	int type, requested_handle_types;
	struct CUmemLocation location;
	void *win32_handle_meta_data;
	unsigned char flags[8];
};
_Static_assert(sizeof(struct CUmemAllocationProp) == 32, "as in cuda.h");
struct CUmemAccessDesc {
	struct CUmemLocation location;
	int flags;
};
_Static_assert(sizeof(struct CUmemAccessDesc) == 12, "as in cuda.h");
struct CUmemPoolProps {
	int alloc_type, handle_types;
	struct CUmemLocation location;
	void *win32_security_attributes;
	size_t max_size;
	unsigned char reserved[56];
};
_Static_assert(sizeof(struct CUmemPoolProps) == 88, "as in cuda.h");
struct CUmulticastObjectProp {
	unsigned num_devices;
	size_t size;
	unsigned long long handle_types, flags;
};
_Static_assert(sizeof(struct CUmulticastObjectProp) == 32, "as in cuda.h");
struct cudaPitchedPtr {
	void *ptr;
	size_t pitch, xsize, ysize;
};
struct cudaExtent {
	size_t width, height, depth;
};

enum {
	CUDA_OK = 0, CUDA_INVALID_VALUE = 1, CUDA_OUT_OF_MEMORY = 2, CUDA_NOT_INITIALIZED = 3, CUDA_DEINITIALIZED = 4,
	CUDA_NO_DEVICE = 100, CUDA_INVALID_DEVICE = 101, CUDA_INVALID_CONTEXT = 201, CUDA_INVALID_HANDLE = 400,
	CUDA_NOT_FOUND = 500, CUDA_CONTEXT_IS_DESTROYED = 709, CUDA_NOT_SUPPORTED = 801,
};
enum { CUDA_EVENT_BLOCKING_SYNC = 1, CUDA_EVENT_DISABLE_TIMING = 2, CUDA_EVENT_INTERPROCESS = 4 };
enum { CUDA_IPC_LAZY_PEER_ACCESS = 1 };
enum { CUDA_HANDLE_FD = 1, CUDA_HANDLE_FABRIC = 8 };
enum { CUDA_PROC_DEFAULT = 0, CUDA_PROC_LEGACY_STREAM = 1, CUDA_PROC_PER_THREAD_STREAM = 2 };
enum { CUDA_PROC_FOUND = 0, CUDA_PROC_NO_SYMBOL = 1, CUDA_PROC_OLD_VERSION = 2 };
enum { CUDA_HOST_TO_DEVICE = 1, CUDA_DEVICE_TO_HOST = 2, CUDA_DEVICE_TO_DEVICE = 3 };
enum { CUDA_POINTER_BUFFER_ID = 7, CUDA_POINTER_RANGE_START = 11 };

/* ---- driver: the process, devices, contexts ---- */
int cuInit(unsigned flags);
int cuDriverGetVersion(int *version);
int cuGetErrorString(int error, const char **text);
int cuGetErrorName(int error, const char **name);
int cuDeviceGet(int *device, int ordinal);
int cuDeviceGetCount(int *count);
int cuDevicePrimaryCtxRetain(void **context, int device);
int cuDevicePrimaryCtxRelease(int device);
int cuDevicePrimaryCtxRelease_v2(int device);
int cuDevicePrimaryCtxReset(int device);
int cuDevicePrimaryCtxReset_v2(int device);
int cuDevicePrimaryCtxSetFlags(int device, unsigned flags);
int cuDevicePrimaryCtxSetFlags_v2(int device, unsigned flags);
int cuDevicePrimaryCtxGetState(int device, unsigned *flags, int *active);
int cuCtxCreate_v2(void **context, unsigned flags, int device);
int cuCtxCreate_v3(void **context, void *affinity, int count, unsigned flags, int device);
int cuCtxCreate_v4(void **context, void *params, unsigned flags, int device);
int cuCtxDestroy(void *context);
int cuCtxDestroy_v2(void *context);
int cuCtxGetCurrent(void **context);
int cuCtxSetCurrent(void *context);
int cuCtxPushCurrent_v2(void *context);
int cuCtxPopCurrent_v2(void **context);
int cuCtxGetDevice(int *device);
int cuCtxSynchronize(void);

/* ---- driver: memory ---- */
int cuMemAlloc_v2(void **out, size_t size);
int cuMemAllocPitch_v2(void **out, size_t *pitch, size_t width, size_t height, unsigned element);
int cuMemAllocManaged(void **out, size_t size, unsigned flags);
int cuMemAllocAsync(void **out, size_t size, void *stream);
int cuMemAllocAsync_ptsz(void **out, size_t size, void *stream);
int cuMemAllocFromPoolAsync(void **out, size_t size, void *pool, void *stream);
int cuMemAllocFromPoolAsync_ptsz(void **out, size_t size, void *pool, void *stream);
int cuMemFree_v2(void *block);
int cuMemFreeAsync(void *block, void *stream);
int cuMemFreeAsync_ptsz(void *block, void *stream);
int cuMemGetAddressRange_v2(void **base, size_t *size, void *inside);
int cuPointerGetAttribute(void *data, int attribute, void *inside);
int cuMemcpyHtoD_v2(void *to, const void *from, size_t size);
int cuMemcpyDtoH_v2(void *to, const void *from, size_t size);
int cuMemcpyDtoD_v2(void *to, const void *from, size_t size);
int cuMemsetD8_v2(void *to, unsigned char value, size_t count);

/* ---- driver: sharing between processes ---- */
int cuIpcGetMemHandle(struct cuda_handle *handle, void *block);
int cuIpcOpenMemHandle(void **out, struct cuda_handle handle, unsigned flags);
int cuIpcOpenMemHandle_v2(void **out, struct cuda_handle handle, unsigned flags);
int cuIpcCloseMemHandle(void *mapped);
int cuIpcGetEventHandle(struct cuda_handle *handle, void *event);
int cuIpcOpenEventHandle(void **event, struct cuda_handle handle);

/* ---- driver: events and streams ---- */
int cuEventCreate(void **event, unsigned flags);
int cuEventDestroy(void *event);
int cuEventDestroy_v2(void *event);
int cuEventRecord(void *event, void *stream);
int cuEventRecord_ptsz(void *event, void *stream);
int cuEventQuery(void *event);
int cuEventSynchronize(void *event);
int cuStreamCreate(void **stream, unsigned flags);
int cuStreamDestroy_v2(void *stream);
int cuStreamWaitEvent(void *stream, void *event, unsigned flags);
int cuStreamSynchronize(void *stream);

/* ---- driver: memory by handles, pools, multicast ---- */
int cuMemAddressReserve(void **out, size_t size, size_t alignment, void *wish, unsigned long long flags);
int cuMemAddressFree(void *at, size_t size);
int cuMemCreate(uint64_t *handle, size_t size, const struct CUmemAllocationProp *prop, unsigned long long flags);
int cuMemRelease(uint64_t handle);
int cuMemRetainAllocationHandle(uint64_t *handle, void *inside);
int cuMemMap(void *at, size_t size, size_t offset, uint64_t handle, unsigned long long flags);
int cuMemUnmap(void *at, size_t size);
int cuMemGetAllocationGranularity(size_t *size, const struct CUmemAllocationProp *prop, int option);
int cuMemSetAccess(void *at, size_t size, const struct CUmemAccessDesc *desc, size_t count);
int cuMemExportToShareableHandle(void *out, uint64_t handle, int type, unsigned long long flags);
int cuMemImportFromShareableHandle(uint64_t *handle, void *os_handle, int type);
int cuMulticastCreate(uint64_t *handle, const struct CUmulticastObjectProp *prop);
int cuMemPoolCreate(void **pool, const struct CUmemPoolProps *props);
int cuMemPoolDestroy(void *pool);
int cuMemPoolExportToShareableHandle(void *out, void *pool, int type, unsigned long long flags);
int cuMemPoolImportFromShareableHandle(void **pool, void *os_handle, int type, unsigned long long flags);
int cuMemPoolExportPointer(struct cuda_handle *data, void *block);
int cuMemPoolImportPointer(void **out, void *pool, struct cuda_handle *data);

/* ---- driver: its functions by name and version ---- */
int cuGetProcAddress(const char *name, void **function, int version, uint64_t flags);
int cuGetProcAddress_v2(const char *name, void **function, int version, uint64_t flags, int *status);

/* ---- runtime ---- */
int cudaDriverGetVersion(int *version);
int cudaRuntimeGetVersion(int *version);
int cudaGetLastError(void);
const char *cudaGetErrorString(int error);
int cudaGetDeviceCount(int *count);
int cudaGetDevice(int *device);
int cudaSetDevice(int device);
int cudaDeviceReset(void);
int cudaDeviceSynchronize(void);
int cudaStreamSynchronize(void *stream);
int cudaMalloc(void **out, size_t size);
int cudaMallocPitch(void **out, size_t *pitch, size_t width, size_t height);
int cudaMalloc3D(struct cudaPitchedPtr *out, struct cudaExtent extent);
int cudaMallocManaged(void **out, size_t size, unsigned flags);
int cudaMallocAsync(void **out, size_t size, void *stream);
int cudaMallocAsync_ptsz(void **out, size_t size, void *stream);
int cudaMallocFromPoolAsync(void **out, size_t size, void *pool, void *stream);
int cudaMallocFromPoolAsync_ptsz(void **out, size_t size, void *pool, void *stream);
int cudaFree(void *block);
int cudaFreeAsync(void *block, void *stream);
int cudaFreeAsync_ptsz(void *block, void *stream);
int cudaMemcpy(void *to, const void *from, size_t size, int kind);
int cudaMemset(void *to, int value, size_t count);
int cudaIpcGetMemHandle(struct cuda_handle *handle, void *block);
int cudaIpcOpenMemHandle(void **out, struct cuda_handle handle, unsigned flags);
int cudaIpcCloseMemHandle(void *mapped);
int cudaIpcGetEventHandle(struct cuda_handle *handle, void *event);
int cudaIpcOpenEventHandle(void **event, struct cuda_handle handle);
int cudaEventCreate(void **event);
int cudaEventCreateWithFlags(void **event, unsigned flags);
int cudaEventDestroy(void *event);
int cudaEventRecord(void *event, void *stream);
int cudaEventRecord_ptsz(void *event, void *stream);
int cudaEventSynchronize(void *event);
int cudaGetDriverEntryPoint(const char *name, void **function, unsigned long long flags, int *status);
int cudaGetDriverEntryPoint_ptsz(const char *name, void **function, unsigned long long flags, int *status);
int cudaGetDriverEntryPointByVersion(const char *name, void **function, unsigned version, unsigned long long flags,
				     int *status);
int cudaGetDriverEntryPointByVersion_ptsz(const char *name, void **function, unsigned version,
					  unsigned long long flags, int *status);

#endif
