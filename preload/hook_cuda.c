/* SPDX-License-Identifier: MIT */
/* CUDA's driver, however a caller came by it: linked, by dlsym or by cuGetProcAddress. */
#include "cuda.h"
#include "hook.h"
#include "note_cuda.h"

#define UNPACK(...) __VA_ARGS__
#define HOOK_FROM(from, prefix, name, parameters, arguments) \
	TSHM_INTERNAL CUresult prefix##name parameters; \
	TSHM_INTERNAL CUresult prefix##name parameters \
	{ \
		return tshm_do_##name(TSHM_HERE(name), from, UNPACK arguments); \
	}
/*
 * The three hooks of a function (enum tshm_cu_from), and the beginning of what they do.  Look-ups give
 * hidden ones out: by its name an interposer before us would be found, and be called by itself.
 */
#define DRIVER_HOOK(name, parameters, arguments) \
	static __attribute__((noinline)) \
	CUresult tshm_do_##name(struct tshm_here, enum tshm_cu_from, UNPACK parameters); \
	TSHM_HOOK(CUresult, name, parameters) \
	{ \
		return tshm_do_##name(TSHM_HERE(name), TSHM_CU_LINKED, UNPACK arguments); \
	} \
	HOOK_FROM(TSHM_CU_OTHER, tshm_other_, name, parameters, arguments) \
	HOOK_FROM(TSHM_CU_LIBCUDA, tshm_libcuda_, name, parameters, arguments) \
	static CUresult tshm_do_##name(struct tshm_here here, enum tshm_cu_from from, UNPACK parameters)

#define ENTER tshm_cuda_enter(here, &tshm_self.in_cuda)
#define REAL(name) (*(__typeof__(name) *)tshm_cu_real(TSHM_CU_##name, from))
/* The real function is called once; then this level is left. */
#define CALL(name, ...) ({ CUresult error_ = REAL(name)(__VA_ARGS__); tshm_cuda_leave(&c); error_; })

DRIVER_HOOK(cuInit, (unsigned flags), (flags))
{
	struct tshm_cuda_call c = ENTER;
	CUresult error = CALL(cuInit, flags);

	tshm_note_cuda(c.here, error);
	return error;
}

/* A request may say SUCCESS and give NULL (cuda.h: CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND). */
#define PROC_ADDRESS(name, parameters, arguments) \
	DRIVER_HOOK(name, parameters, arguments) \
	{ \
		struct tshm_cuda_call c = ENTER; \
		CUresult error; \
\
		if (c.here.on) \
			tshm_count(c.here.call); \
		error = REAL(name)arguments; \
		tshm_cuda_leave(&c); \
		if (!error && symbol && function && *function) \
			*function = tshm_cu_swap_asked(symbol, version, flags, *function); \
		return error; \
	}
PROC_ADDRESS(cuGetProcAddress, (const char *symbol, void **function, int version, cuuint64_t flags),
	     (symbol, function, version, flags))
PROC_ADDRESS(cuGetProcAddress_v2, (const char *symbol, void **function, int version, cuuint64_t flags,
				   CUdriverProcAddressQueryResult *status),
	     (symbol, function, version, flags, status))

/* What comes first in a forked child, often; else they are called too often to be noted. */
#define ASK(name, parameters, arguments) \
	DRIVER_HOOK(name, parameters, arguments) \
	{ \
		struct tshm_cuda_call c = ENTER; \
		CUresult error = REAL(name)arguments; \
\
		tshm_cuda_leave(&c); \
		tshm_note_cuda_asked(c.here, error); \
		return error; \
	}
ASK(cuDeviceGet, (CUdevice *device, int number), (device, number))
ASK(cuDeviceGetCount, (int *count), (count))
ASK(cuCtxGetCurrent, (CUcontext *context), (context))
ASK(cuCtxSetCurrent, (CUcontext context), (context))

/* Contexts */
#define CONTEXT_DESTROY(name) \
	DRIVER_HOOK(name, (CUcontext context), (context)) \
	{ \
		struct tshm_cuda_call c = ENTER; \
		CUresult error = CALL(name, context); \
\
		tshm_note_context_ended(c.here, error, (uintptr_t)context); \
		return error; \
	}
CONTEXT_DESTROY(cuCtxDestroy)
CONTEXT_DESTROY(cuCtxDestroy_v2)

DRIVER_HOOK(cuDevicePrimaryCtxRetain, (CUcontext *context, CUdevice device), (context, device))
{
	struct tshm_cuda_call c = ENTER;
	CUresult error = CALL(cuDevicePrimaryCtxRetain, context, device);

	/* The runtime's too, whose level notes nothing of it. */
	tshm_note_primary_retained(error, device, error ? 0 : (uintptr_t)*context);
	tshm_note_cuda(c.here, error);
	return error;
}

#define PRIMARY_RELEASE(name, reset) \
	DRIVER_HOOK(name, (CUdevice device), (device)) \
	{ \
		struct tshm_cuda_call c = ENTER; \
		CUresult error = CALL(name, device); \
\
		tshm_note_primary_released(c.here, error, device, reset); \
		return error; \
	}
PRIMARY_RELEASE(cuDevicePrimaryCtxRelease, false)
PRIMARY_RELEASE(cuDevicePrimaryCtxRelease_v2, false)
PRIMARY_RELEASE(cuDevicePrimaryCtxReset, true)
PRIMARY_RELEASE(cuDevicePrimaryCtxReset_v2, true)

/* Memory */
#define ALLOCATE(name, parameters, arguments, size, in_order) \
	DRIVER_HOOK(name, parameters, arguments) \
	{ \
		struct tshm_cuda_call c = ENTER; \
		CUresult error = REAL(name)arguments; \
\
		tshm_cuda_leave(&c); \
		tshm_note_cuda_memory(c.here, error, at, error ? 0 : (size), in_order); \
		return error; \
	}
ALLOCATE(cuMemAlloc_v2, (CUdeviceptr *at, size_t size), (at, size), size, false)
ALLOCATE(cuMemAllocPitch_v2, (CUdeviceptr *at, size_t *pitch, size_t width, size_t height, unsigned element),
	 (at, pitch, width, height, element), pitch ? *pitch * height : 0, false)
ALLOCATE(cuMemAllocManaged, (CUdeviceptr *at, size_t size, unsigned flags), (at, size, flags), size, false)
ALLOCATE(cuMemAllocAsync, (CUdeviceptr *at, size_t size, CUstream stream), (at, size, stream), size, true)
ALLOCATE(cuMemAllocAsync_ptsz, (CUdeviceptr *at, size_t size, CUstream stream), (at, size, stream), size, true)
ALLOCATE(cuMemAllocFromPoolAsync, (CUdeviceptr *at, size_t size, CUmemoryPool pool, CUstream stream),
	 (at, size, pool, stream), size, true)
ALLOCATE(cuMemAllocFromPoolAsync_ptsz, (CUdeviceptr *at, size_t size, CUmemoryPool pool, CUstream stream),
	 (at, size, pool, stream), size, true)

/* What ends: looked at before, because the number may be given anew at once. */
#define END(name, parameters, arguments, key, note) \
	DRIVER_HOOK(name, parameters, arguments) \
	{ \
		struct tshm_cuda_call c = ENTER; \
		struct tshm_cuda_end end = tshm_cuda_end_look(c.here, (uint64_t)(key)); \
		CUresult error = REAL(name)arguments; \
\
		tshm_cuda_leave(&c); \
		note(c.here, error, &end); \
		return error; \
	}
END(cuMemFree_v2, (CUdeviceptr at), (at), at, tshm_note_cuda_freed)
END(cuMemFreeAsync, (CUdeviceptr at, CUstream stream), (at, stream), at, tshm_note_cuda_freed)
END(cuMemFreeAsync_ptsz, (CUdeviceptr at, CUstream stream), (at, stream), at, tshm_note_cuda_freed)
END(cuEventDestroy, (CUevent event), (event), (uintptr_t)event, tshm_note_event_destroyed)
END(cuEventDestroy_v2, (CUevent event), (event), (uintptr_t)event, tshm_note_event_destroyed)
END(cuIpcCloseMemHandle, (CUdeviceptr at), (at), at, tshm_note_ipc_closed)

/* Events and handles */
DRIVER_HOOK(cuEventCreate, (CUevent *event, unsigned flags), (event, flags))
{
	struct tshm_cuda_call c = ENTER;
	CUresult error = CALL(cuEventCreate, event, flags);

	tshm_note_event(c.here, error, event, flags);
	return error;
}

DRIVER_HOOK(cuIpcGetMemHandle, (CUipcMemHandle *handle, CUdeviceptr at), (handle, at))
{
	struct tshm_cuda_call c = ENTER;
	CUresult error = CALL(cuIpcGetMemHandle, handle, at);

	tshm_note_ipc_export(c.here, error, handle, at);
	return error;
}

#define OPEN_MEM(name) \
	DRIVER_HOOK(name, (CUdeviceptr *at, CUipcMemHandle handle, unsigned flags), (at, handle, flags)) \
	{ \
		struct tshm_cuda_call c = ENTER; \
		CUresult error = CALL(name, at, handle, flags); \
\
		tshm_note_ipc_import(c.here, error, &handle, at, flags); \
		return error; \
	}
OPEN_MEM(cuIpcOpenMemHandle)
OPEN_MEM(cuIpcOpenMemHandle_v2)

DRIVER_HOOK(cuIpcGetEventHandle, (CUipcEventHandle *handle, CUevent event), (handle, event))
{
	struct tshm_cuda_call c = ENTER;
	CUresult error = CALL(cuIpcGetEventHandle, handle, event);

	tshm_note_ipc_event_export(c.here, error, handle, (uintptr_t)event);
	return error;
}

DRIVER_HOOK(cuIpcOpenEventHandle, (CUevent *event, CUipcEventHandle handle), (event, handle))
{
	struct tshm_cuda_call c = ENTER;
	CUresult error = CALL(cuIpcOpenEventHandle, event, handle);

	tshm_note_ipc_event_import(c.here, error, &handle, event);
	return error;
}
