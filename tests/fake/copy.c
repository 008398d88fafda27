/* SPDX-License-Identifier: MIT */
/* Copies: device memory is memory, but only what was allocated or mapped. */
#include "driver.h"

/* Is all of it device memory, ours or mapped? */
static int is_device(const void *at, size_t size)
{
	const struct fake_allocation *a = fake_find(at);
	void *base = a ? a->base : NULL;
	size_t whole = a ? a->size : 0;

	if (!a && fake_find_import(at, &base, &whole) && fake_find_mapped(at, &base, &whole))
		return 0;
	return size <= (size_t)((char *)base + whole - (const char *)at);
}

static int copy(void *to, const void *from, size_t size, int to_device, int from_device)
{
	struct fake_context *context;
	int error = fake_enter_context(&context);

	if (error)
		return error;
	if ((to_device && !is_device(to, size)) || (from_device && !is_device(from, size)))
		return fake_leave(CUDA_INVALID_VALUE);
	memmove(to, from, size);
	return fake_leave(CUDA_OK);
}

int cuMemcpyHtoD_v2(void *to, const void *from, size_t size)
{
	return copy(to, from, size, 1, 0);
}

int cuMemcpyDtoH_v2(void *to, const void *from, size_t size)
{
	return copy(to, from, size, 0, 1);
}

int cuMemcpyDtoD_v2(void *to, const void *from, size_t size)
{
	return copy(to, from, size, 1, 1);
}

int cuMemsetD8_v2(void *to, unsigned char value, size_t count)
{
	struct fake_context *context;
	int error = fake_enter_context(&context);

	if (error)
		return error;
	if (!is_device(to, count))
		return fake_leave(CUDA_INVALID_VALUE);
	memset(to, value, count);
	return fake_leave(CUDA_OK);
}
