/* SPDX-License-Identifier: MIT */
/*
 * CUDA's runtime, for callers that are linked with libcudart: this is compiled once for each
 * version of it (TSHM_CUDART_VERSION), and exports its functions under that version's name.
 * The linker gives each caller those of the library that it was linked with.
 */
#include "cuda.h"
#include "hook.h"
#include "note_cuda.h"

#define PASTE_(a, b, c) a##b##_##c
#define PASTE(a, b, c) PASTE_(a, b, c)
#define STRING_(a) #a
#define STRING(a) STRING_(a)
/* "@", not "@@": who asks for no version, by dlsym say, is not to find a runtime where there may be none. */
#define SELF(name) PASTE(tshm_cudart, TSHM_CUDART_VERSION, name)
#define RUNTIME_HOOK(name, parameters) \
	__asm__(".symver tshm_cudart" STRING(TSHM_CUDART_VERSION) "_" #name "," #name "@libcudart.so." STRING(TSHM_CUDART_VERSION)); \
	__attribute__((visibility("default"))) cudaError_t SELF(name) parameters; \
	__attribute__((visibility("default"))) cudaError_t SELF(name) parameters

#define ENTER(name) tshm_cuda_enter(TSHM_HERE(name), &tshm_self.in_cudart)
#define REAL(name) (*(__typeof__(name) *)tshm_cudart_real(TSHM_CUDART_VERSION, TSHM_CUDART_##name))
#define CALL(name, ...) ({ cudaError_t error_ = REAL(name)(__VA_ARGS__); tshm_cuda_leave(&c); error_; })

/* Memory */
#define ALLOCATE(name, parameters, arguments, pointer, size, in_order) \
	RUNTIME_HOOK(name, parameters) \
	{ \
		struct tshm_cuda_call c = ENTER(name); \
		cudaError_t error = REAL(name)arguments; \
\
		tshm_cuda_leave(&c); \
		tshm_note_cuda_memory(c.here, error, pointer, error ? 0 : (size), in_order); \
		return error; \
	}
ALLOCATE(cudaMalloc, (void **at, size_t size), (at, size), at, size, false)
ALLOCATE(cudaMallocPitch, (void **at, size_t *pitch, size_t width, size_t height), (at, pitch, width, height), at,
	 pitch ? *pitch * height : 0, false)
ALLOCATE(cudaMalloc3D, (struct cudaPitchedPtr *at, struct cudaExtent extent), (at, extent), at ? &at->ptr : NULL,
	 at->pitch * extent.height * extent.depth, false)
ALLOCATE(cudaMallocManaged, (void **at, size_t size, unsigned flags), (at, size, flags), at, size, false)
ALLOCATE(cudaMallocAsync, (void **at, size_t size, cudaStream_t stream), (at, size, stream), at, size, true)
ALLOCATE(cudaMallocAsync_ptsz, (void **at, size_t size, cudaStream_t stream), (at, size, stream), at, size, true)
ALLOCATE(cudaMallocFromPoolAsync, (void **at, size_t size, cudaMemPool_t pool, cudaStream_t stream),
	 (at, size, pool, stream), at, size, true)
ALLOCATE(cudaMallocFromPoolAsync_ptsz, (void **at, size_t size, cudaMemPool_t pool, cudaStream_t stream),
	 (at, size, pool, stream), at, size, true)

#define END(name, parameters, arguments, key, note) \
	RUNTIME_HOOK(name, parameters) \
	{ \
		struct tshm_cuda_call c = ENTER(name); \
		struct tshm_cuda_end end = tshm_cuda_end_look(c.here, (uintptr_t)(key)); \
		cudaError_t error = REAL(name)arguments; \
\
		tshm_cuda_leave(&c); \
		note(c.here, error, &end); \
		return error; \
	}
END(cudaFree, (void *at), (at), at, tshm_note_cuda_freed)
END(cudaFreeAsync, (void *at, cudaStream_t stream), (at, stream), at, tshm_note_cuda_freed)
END(cudaFreeAsync_ptsz, (void *at, cudaStream_t stream), (at, stream), at, tshm_note_cuda_freed)
END(cudaEventDestroy, (cudaEvent_t event), (event), event, tshm_note_event_destroyed)
END(cudaIpcCloseMemHandle, (void *at), (at), at, tshm_note_ipc_closed)

RUNTIME_HOOK(cudaDeviceReset, (void))
{
	struct tshm_cuda_call c = ENTER(cudaDeviceReset);
	uint64_t context = c.here.on ? tshm_cuda_context() : 0;
	cudaError_t error = CALL(cudaDeviceReset);

	tshm_note_context_ended(c.here, error, context);
	return error;
}

/* Events and handles */
RUNTIME_HOOK(cudaEventCreate, (cudaEvent_t *event))
{
	struct tshm_cuda_call c = ENTER(cudaEventCreate);
	cudaError_t error = CALL(cudaEventCreate, event);

	tshm_note_event(c.here, error, event, 0);
	return error;
}

RUNTIME_HOOK(cudaEventCreateWithFlags, (cudaEvent_t *event, unsigned flags))
{
	struct tshm_cuda_call c = ENTER(cudaEventCreateWithFlags);
	cudaError_t error = CALL(cudaEventCreateWithFlags, event, flags);

	tshm_note_event(c.here, error, event, flags);
	return error;
}

RUNTIME_HOOK(cudaIpcGetMemHandle, (cudaIpcMemHandle_t *handle, void *at))
{
	struct tshm_cuda_call c = ENTER(cudaIpcGetMemHandle);
	cudaError_t error = CALL(cudaIpcGetMemHandle, handle, at);

	tshm_note_ipc_export(c.here, error, handle, (uintptr_t)at);
	return error;
}

RUNTIME_HOOK(cudaIpcOpenMemHandle, (void **at, cudaIpcMemHandle_t handle, unsigned flags))
{
	struct tshm_cuda_call c = ENTER(cudaIpcOpenMemHandle);
	cudaError_t error = CALL(cudaIpcOpenMemHandle, at, handle, flags);

	tshm_note_ipc_import(c.here, error, &handle, at, flags);
	return error;
}

RUNTIME_HOOK(cudaIpcGetEventHandle, (cudaIpcEventHandle_t *handle, cudaEvent_t event))
{
	struct tshm_cuda_call c = ENTER(cudaIpcGetEventHandle);
	cudaError_t error = CALL(cudaIpcGetEventHandle, handle, event);

	tshm_note_ipc_event_export(c.here, error, handle, (uintptr_t)event);
	return error;
}

RUNTIME_HOOK(cudaIpcOpenEventHandle, (cudaEvent_t *event, cudaIpcEventHandle_t handle))
{
	struct tshm_cuda_call c = ENTER(cudaIpcOpenEventHandle);
	cudaError_t error = CALL(cudaIpcOpenEventHandle, event, handle);

	tshm_note_ipc_event_import(c.here, error, &handle, event);
	return error;
}

/*
 * The driver's functions by way of the runtime.  Without a version it gives those of the
 * runtime's own (CUDA Runtime API, cudaGetDriverEntryPoint).
 */
#define ENTRY_POINT(name, parameters, arguments, version, stream) \
	RUNTIME_HOOK(name, parameters) \
	{ \
		struct tshm_cuda_call c = ENTER(name); \
		cudaError_t error; \
\
		if (c.here.on) \
			tshm_count(c.here.call); \
		error = REAL(name)arguments; \
		tshm_cuda_leave(&c); \
		if (!error && symbol && function && *function) \
			*function = tshm_cu_swap_asked(symbol, (int)(version), flags | (stream), *function); \
		return error; \
	}
#define PER_THREAD 2u	/* cudaEnablePerThreadDefaultStream, which _ptsz stands for */
ENTRY_POINT(cudaGetDriverEntryPoint, (const char *symbol, void **function, unsigned long long flags,
				      enum cudaDriverEntryPointQueryResult *status),
	    (symbol, function, flags, status), TSHM_CUDART_VERSION * 1000 + 990, 0)
ENTRY_POINT(cudaGetDriverEntryPoint_ptsz, (const char *symbol, void **function, unsigned long long flags,
					   enum cudaDriverEntryPointQueryResult *status),
	    (symbol, function, flags, status), TSHM_CUDART_VERSION * 1000 + 990, PER_THREAD)
ENTRY_POINT(cudaGetDriverEntryPointByVersion, (const char *symbol, void **function, unsigned version,
					       unsigned long long flags, enum cudaDriverEntryPointQueryResult *status),
	    (symbol, function, version, flags, status), version, 0)
ENTRY_POINT(cudaGetDriverEntryPointByVersion_ptsz,
	    (const char *symbol, void **function, unsigned version, unsigned long long flags,
	     enum cudaDriverEntryPointQueryResult *status), (symbol, function, version, flags, status), version, PER_THREAD)
