/* SPDX-License-Identifier: MIT */
/* Contexts: the primary one of the only device, others, and which one a thread uses. */
#include "driver.h"

#define DEPTH 16u

static struct fake_context primary = { .primary = 1 };
static struct fake_context *contexts = &primary;
static __thread struct fake_context *stack[DEPTH];
static __thread unsigned depth;	/* how many there are; the last is current */

struct fake_context *fake_current(void)
{
	return depth ? stack[depth - 1] : NULL;
}

static struct fake_context *known(const void *context)
{
	struct fake_context *c;

	for (c = contexts; c && c != context; c = c->next)
		;
	return c;
}

/* What dies with it; memory of pools and that by handles belongs to no context. */
static int destroy(struct fake_context *context)
{
	context->alive = 0;
	context->refs = 0;
	fake_close_of(context);
	fake_destroy_of(context);
	fake_free_of(context);
	return CUDA_OK;
}

int cuDevicePrimaryCtxRetain(void **context, int device)
{
	int error = fake_enter();

	if (error)
		return error;
	if (device != 0)
		return fake_leave(CUDA_INVALID_DEVICE);
	if (!context)
		return fake_leave(CUDA_INVALID_VALUE);
	primary.refs++;
	primary.alive = 1;
	*context = &primary;
	return fake_leave(CUDA_OK);
}

static int release(int device)
{
	int error = fake_enter();

	if (error)
		return error;
	if (device != 0)
		return fake_leave(CUDA_INVALID_DEVICE);
	if (!primary.refs)
		return fake_leave(CUDA_INVALID_CONTEXT);
	return fake_leave(--primary.refs ? CUDA_OK : destroy(&primary));
}

static int reset(int device)
{
	int error = fake_enter();

	if (error)
		return error;
	return fake_leave(device == 0 ? destroy(&primary) : CUDA_INVALID_DEVICE);
}

static int set_flags(int device)
{
	int error = fake_enter();

	return error ? error : fake_leave(device == 0 ? CUDA_OK : CUDA_INVALID_DEVICE);
}

int cuDevicePrimaryCtxRelease(int device) { return release(device); }
int cuDevicePrimaryCtxRelease_v2(int device) { return release(device); }
int cuDevicePrimaryCtxReset(int device) { return reset(device); }
int cuDevicePrimaryCtxReset_v2(int device) { return reset(device); }

int cuDevicePrimaryCtxSetFlags(int device, unsigned flags)
{
	(void)flags;
	return set_flags(device);
}

int cuDevicePrimaryCtxSetFlags_v2(int device, unsigned flags)
{
	(void)flags;
	return set_flags(device);
}

int cuDevicePrimaryCtxGetState(int device, unsigned *flags, int *active)
{
	int error = fake_enter();

	if (error)
		return error;
	if (device != 0)
		return fake_leave(CUDA_INVALID_DEVICE);
	*flags = 0;
	*active = primary.alive;
	return fake_leave(CUDA_OK);
}

static int push(struct fake_context *context)
{
	if (depth == DEPTH)
		return CUDA_OUT_OF_MEMORY;
	stack[depth++] = context;
	return CUDA_OK;
}

static int create(void **out, int device)
{
	struct fake_context *context;
	int error = fake_enter();

	if (error)
		return error;
	if (device != 0)
		return fake_leave(CUDA_INVALID_DEVICE);
	context = out ? calloc(1, sizeof(*context)) : NULL;
	if (!context)
		return fake_leave(CUDA_INVALID_VALUE);
	context->alive = 1;
	context->next = contexts;
	contexts = context;
	*out = context;
	return fake_leave(push(context));
}

int cuCtxCreate_v2(void **context, unsigned flags, int device)
{
	(void)flags;
	return create(context, device);
}

int cuCtxCreate_v3(void **context, void *affinity, int count, unsigned flags, int device)
{
	(void)affinity, (void)count, (void)flags;
	return create(context, device);
}

int cuCtxCreate_v4(void **context, void *params, unsigned flags, int device)
{
	(void)params, (void)flags;
	return create(context, device);
}

static int destroy_created(void *pointer)
{
	struct fake_context *context;
	int error = fake_enter();

	if (error)
		return error;
	context = known(pointer);
	if (!context || context->primary || !context->alive)
		return fake_leave(CUDA_INVALID_CONTEXT);
	destroy(context);
	if (fake_current() == context)
		depth--;
	return fake_leave(CUDA_OK);
}

int cuCtxDestroy(void *context) { return destroy_created(context); }
int cuCtxDestroy_v2(void *context) { return destroy_created(context); }

int cuCtxGetCurrent(void **context)
{
	int error = fake_enter();

	if (error)
		return error;
	*context = fake_current();
	return fake_leave(CUDA_OK);
}

int cuCtxSetCurrent(void *context)
{
	int error = fake_enter();

	if (error)
		return error;
	if (context && !known(context))
		return fake_leave(CUDA_INVALID_CONTEXT);
	depth -= depth > 0;
	return fake_leave(context ? push(context) : CUDA_OK);
}

int cuCtxPushCurrent_v2(void *context)
{
	int error = fake_enter();

	if (error)
		return error;
	return fake_leave(known(context) ? push(context) : CUDA_INVALID_CONTEXT);
}

int cuCtxPopCurrent_v2(void **context)
{
	int error = fake_enter();

	if (error)
		return error;
	if (!depth)
		return fake_leave(CUDA_INVALID_CONTEXT);
	depth--;
	if (context)
		*context = stack[depth];
	return fake_leave(CUDA_OK);
}

int cuCtxGetDevice(int *device)
{
	struct fake_context *context;
	int error = fake_enter_context(&context);

	if (error)
		return error;
	*device = 0;
	return fake_leave(CUDA_OK);
}

int cuCtxSynchronize(void)
{
	struct fake_context *context;
	int error = fake_enter_context(&context);

	return error ? error : fake_leave(CUDA_OK);
}
