/* SPDX-License-Identifier: MIT */
/* The double of libcuda does what CUDA's documentation says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../fake/cuda.h"

#define SIZE 65536u

static void *look_up(const char *name, int version, unsigned flags, int status)
{
	void *function = &function;
	int got = -1, error = cuGetProcAddress_v2(name, &function, version, flags, &got);

	assert_int_equal(got, status);
	assert_int_equal(error, status == CUDA_PROC_FOUND ? CUDA_OK : CUDA_NOT_FOUND);
	return function;
}

/* Nothing is initialised yet, and need not be. */
static void test_versions(void **state)
{
	void *function;

	(void)state;
	assert_ptr_equal(look_up("cuMemAlloc", 3020, 0, 0), (void *)cuMemAlloc_v2);
	assert_null(look_up("cuMemAlloc", 3010, 0, CUDA_PROC_OLD_VERSION));
	assert_null(look_up("cuMemAlloc_v2", 13000, 0, CUDA_PROC_NO_SYMBOL));
	assert_null(look_up("", 0, 0, CUDA_PROC_NO_SYMBOL));
	assert_ptr_equal(look_up("cuIpcOpenMemHandle", 4010, 0, 0), (void *)cuIpcOpenMemHandle);
	assert_ptr_equal(look_up("cuIpcOpenMemHandle", 11000, 0, 0), (void *)cuIpcOpenMemHandle_v2);
	assert_ptr_equal(look_up("cuEventDestroy", 4000, 0, 0), (void *)cuEventDestroy_v2);
	assert_ptr_equal(look_up("cuEventDestroy", 2000, 0, 0), (void *)cuEventDestroy);
	assert_ptr_equal(look_up("cuDevicePrimaryCtxRelease", 7000, 0, 0), (void *)cuDevicePrimaryCtxRelease);
	assert_ptr_equal(look_up("cuDevicePrimaryCtxRelease", 12000, 0, 0), (void *)cuDevicePrimaryCtxRelease_v2);
	assert_ptr_equal(look_up("cuGetProcAddress", 11030, 0, 0), (void *)cuGetProcAddress);
	assert_ptr_equal(look_up("cuGetProcAddress", 12000, 0, 0), (void *)cuGetProcAddress_v2);
	assert_ptr_equal(look_up("cuMemFreeAsync", 11020, 1, 0), (void *)cuMemFreeAsync);
	assert_ptr_equal(look_up("cuMemFreeAsync", 11020, 2, 0), (void *)cuMemFreeAsync_ptsz);
	assert_ptr_equal(look_up("cuMemAlloc", 11020, 2, 0), (void *)cuMemAlloc_v2);
	assert_int_equal(cuGetProcAddress_v2("cuInit", NULL, 2000, 0, NULL), CUDA_INVALID_VALUE);
	assert_int_equal(cuGetProcAddress_v2(NULL, &function, 2000, 0, NULL), CUDA_INVALID_VALUE);
	assert_int_equal(cuGetProcAddress_v2("cuInit", &function, 99000, 0, NULL), CUDA_INVALID_VALUE);
	assert_int_equal(cuGetProcAddress_v2("cuInit", &function, 2000, 0, NULL), CUDA_OK);
	assert_int_equal(cuGetProcAddress("cuNothing", &function, 12000, 0), CUDA_NOT_FOUND);
}

static int begin(void)
{
	void *context;

	return cuInit(0) || cuDevicePrimaryCtxRetain(&context, 0) || cuCtxSetCurrent(context);
}

/* In a process of its own.  Returns the number of the line that went wrong. */
#define WANT(condition) do { if (!(condition)) return __LINE__; } while (0)
static int import_block(int in)
{
	struct cuda_handle handle, other;
	void *block, *again, *base;
	char text[6];
	size_t size;

	WANT(read(in, &handle, sizeof(handle)) == sizeof(handle) && read(in, &other, sizeof(other)) == sizeof(other));
	WANT(cuIpcOpenMemHandle_v2(&block, handle, 1) == CUDA_NOT_INITIALIZED);
	WANT(begin() == 0);
	WANT(cuIpcOpenMemHandle_v2(&block, handle, 0) == CUDA_INVALID_VALUE);
	WANT(cuIpcOpenMemHandle_v2(&block, handle, 1) == 0 && cuIpcOpenMemHandle(&again, handle, 1) == 0);
	WANT(block == again);
	WANT(cuMemcpyDtoH_v2(text, block, sizeof(text)) == 0 && memcmp(text, "hello", 6) == 0);
	WANT(cuMemGetAddressRange_v2(&base, &size, block) == 0 && size == 2u << 20);
	WANT(cuIpcOpenMemHandle_v2(&again, other, 1) == 0 && again == (char *)block + SIZE);
	WANT(cuIpcCloseMemHandle(again) == 0 && cuMemFree_v2(block) == CUDA_INVALID_VALUE);
	WANT(cuIpcCloseMemHandle(block) == 0 && cuIpcCloseMemHandle(block) == 0);
	WANT(cuIpcCloseMemHandle(block) == CUDA_INVALID_VALUE);
	WANT(cuMemGetAddressRange_v2(&base, &size, block) == CUDA_INVALID_VALUE);
	return 0;
}

static void test_memory(void **state)
{
	struct cuda_handle handle, again, other;
	void *block, *neighbour, *reused, *mapped;
	int to[2], status;
	pid_t importer, child;

	(void)state;
	assert_int_equal(pipe(to), 0);
	importer = fork();
	if (importer == 0)
		_exit(import_block(to[0]) & 255);
	assert_int_equal(cuMemAlloc_v2(&block, SIZE), CUDA_NOT_INITIALIZED);
	assert_int_equal(cuInit(0), CUDA_OK);
	assert_int_equal(cuMemAlloc_v2(&block, SIZE), CUDA_INVALID_CONTEXT);
	assert_int_equal(begin(), 0);
	assert_int_equal(cuMemAlloc_v2(&block, SIZE), 0);
	assert_int_equal(cuMemAlloc_v2(&neighbour, SIZE), 0);
	assert_int_equal(cuMemcpyHtoD_v2(block, "hello", 6), 0);

	assert_int_equal(cuIpcGetMemHandle(&handle, block), 0);
	assert_int_equal(cuIpcGetMemHandle(&again, (char *)block + 100), 0);
	assert_memory_equal(&handle, &again, sizeof(handle));
	assert_int_equal(cuIpcGetMemHandle(&other, neighbour), 0);
	assert_memory_not_equal(&handle, &other, sizeof(handle));
	assert_int_equal(write(to[1], &handle, sizeof(handle)), sizeof(handle));
	assert_int_equal(write(to[1], &other, sizeof(other)), sizeof(other));
	assert_int_equal(waitpid(importer, &status, 0), importer);
	assert_int_equal(status, 0);

	assert_int_equal(cuIpcOpenMemHandle_v2(&mapped, handle, 1), CUDA_INVALID_CONTEXT);
	assert_int_equal(cuIpcCloseMemHandle(block), CUDA_INVALID_VALUE);
	child = fork();
	if (child == 0)
		_exit(cuMemAlloc_v2(&mapped, SIZE) == CUDA_NOT_INITIALIZED && cuInit(0) == CUDA_NOT_INITIALIZED ? 0 : 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);

	assert_int_equal(cuMemFree_v2(block), 0);
	assert_int_equal(cuMemFree_v2(block), CUDA_INVALID_VALUE);
	assert_int_equal(cuMemAlloc_v2(&reused, SIZE), 0);
	assert_ptr_equal(reused, block);
	assert_int_equal(cuIpcGetMemHandle(&again, reused), 0);
	assert_memory_not_equal(&handle, &again, sizeof(handle));
	assert_int_equal(cuMemAllocManaged(&mapped, SIZE, 1), 0);
	assert_int_equal(cuIpcGetMemHandle(&again, mapped), CUDA_INVALID_VALUE);
	close(to[0]);
	close(to[1]);
}

/* Freed with the context is what is its own. */
static void test_contexts(void **state)
{
	void *block, *of_pool, *base;
	size_t size;

	(void)state;
	assert_int_equal(begin(), 0);
	assert_int_equal(cuMemAlloc_v2(&block, SIZE), 0);
	assert_int_equal(cuMemAllocAsync(&of_pool, SIZE, NULL), 0);
	assert_int_equal(cuDevicePrimaryCtxReset_v2(0), 0);
	assert_int_equal(cuMemGetAddressRange_v2(&base, &size, block), CUDA_INVALID_VALUE);
	assert_int_equal(cuMemGetAddressRange_v2(&base, &size, of_pool), 0);
	assert_int_equal(cuMemFree_v2(of_pool), CUDA_CONTEXT_IS_DESTROYED);
	assert_int_equal(begin(), 0);
	assert_int_equal(cuMemFree_v2(of_pool), 0);
	assert_int_equal(cuMemAlloc_v2(&block, SIZE), 0);
	assert_int_equal(cuDevicePrimaryCtxRelease(0), 0);
	assert_int_equal(cuDevicePrimaryCtxRelease_v2(0), CUDA_INVALID_CONTEXT);
	assert_int_equal(cuMemGetAddressRange_v2(&base, &size, block), CUDA_INVALID_VALUE);
}

static void test_events(void **state)
{
	struct cuda_handle handle;
	void *event, *other;

	(void)state;
	assert_int_equal(begin(), 0);
	assert_int_equal(cuEventCreate(&event, CUDA_EVENT_INTERPROCESS), CUDA_INVALID_VALUE);
	assert_int_equal(cuEventCreate(&event, CUDA_EVENT_DISABLE_TIMING), 0);
	assert_int_equal(cuIpcGetEventHandle(&handle, event), CUDA_INVALID_VALUE);
	assert_int_equal(cuEventDestroy(event), 0);
	assert_int_equal(cuEventCreate(&event, CUDA_EVENT_INTERPROCESS | CUDA_EVENT_DISABLE_TIMING), 0);
	assert_int_equal(cuIpcGetEventHandle(&handle, event), 0);
	assert_int_equal(cuIpcOpenEventHandle(&other, handle), CUDA_INVALID_CONTEXT);
	assert_int_equal(cuEventDestroy_v2(event), 0);
	assert_int_equal(cuEventDestroy_v2(event), CUDA_INVALID_HANDLE);
}

/* The pages outlive the handles of them. */
static void test_handles(void **state)
{
	const struct CUmemAllocationProp prop = { .type = 1, .requested_handle_types = CUDA_HANDLE_FD };
	const size_t size = 2u << 20;
	void *at[2];
	uint64_t handle, imported, retained;
	char text[6];
	int fd;

	(void)state;
	assert_int_equal(begin(), 0);
	assert_int_equal(cuMemCreate(&handle, SIZE, &prop, 0), CUDA_INVALID_VALUE);
	assert_int_equal(cuMemCreate(&handle, size, &prop, 0), 0);
	assert_int_equal(cuMemExportToShareableHandle(&fd, handle, CUDA_HANDLE_FD, 0), 0);
	assert_int_equal(cuMemImportFromShareableHandle(&imported, (void *)(intptr_t)fd, CUDA_HANDLE_FD), 0);
	assert_int_equal(close(fd), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(cuMemAddressReserve(&at[i], size, 0, NULL, 0), 0);
		assert_int_equal(cuMemMap(at[i], size, 0, i ? imported : handle, 0), 0);
	}
	assert_int_equal(cuMemRelease(handle), 0);
	assert_int_equal(cuMemRelease(imported), 0);
	assert_int_equal(cuMemRelease(imported), CUDA_INVALID_VALUE);
	assert_int_equal(cuMemcpyHtoD_v2(at[0], "hello", 6), 0);
	assert_int_equal(cuMemcpyDtoH_v2(text, at[1], 6), 0);
	assert_string_equal(text, "hello");
	assert_int_equal(cuMemRetainAllocationHandle(&retained, at[0]), 0);
	assert_int_equal(cuMemRelease(retained), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(cuMemUnmap(at[i], size), 0);
		assert_int_equal(cuMemAddressFree(at[i], size), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions), cmocka_unit_test(test_memory), cmocka_unit_test(test_contexts),
		cmocka_unit_test(test_events), cmocka_unit_test(test_handles),
	};
	char dir[] = "/tmp/tshm-t.XXXXXX", command[64];
	int failed;

	if (!mkdtemp(dir) || setenv("TSHM_FAKE_CUDA_DIR", dir, 1))
		return 99;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command) ? 99 : failed;
}
