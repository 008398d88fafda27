/* SPDX-License-Identifier: MIT */
/*
 * Where CUDA's toolkit is installed: are our prototypes its own?  Compiled only; a
 * difference in a type or a size does not compile.  What the toolkit does not declare
 * (the forms with _ptsz, the oldest cuGetProcAddress) it cannot compare.
 */
#define TSHM_CUDA_TOOLKIT
#include "../../preload/cuda_proto.h"

_Static_assert(CU_EVENT_INTERPROCESS == 4 && cudaEventInterprocess == 4, "note_ipc.c");
_Static_assert(CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM == 2 && cudaEnablePerThreadDefaultStream == 2, "cuda.c");
_Static_assert(CUDA_ERROR_NOT_INITIALIZED == 3 && cudaErrorInitializationError == 3, "cuda.c");

extern const int tshm_cuda_headers;
const int tshm_cuda_headers = CUDA_VERSION;
