/* SPDX-License-Identifier: MIT */
/* Memory: blocks, and the allocations in them. */
#include "driver.h"

#define UNIT 512u		/* what sizes and addresses of allocations are multiples of */
#define PITCH 512u

static struct fake_block *blocks;
static struct fake_allocation *allocations;

struct fake_allocation *fake_find(const void *inside)
{
	const char *at = inside;
	struct fake_allocation *a;

	for (a = allocations; a && (at < a->base || at >= a->base + a->size); a = a->next)
		;
	return a;
}

static struct fake_block *make_block(struct fake_context *context, enum fake_kind kind, size_t size)
{
	struct fake_block *block = calloc(1, sizeof(*block));
	char path[FAKE_PATH];

	if (!block)
		return NULL;
	*block = (struct fake_block){ .next = blocks, .context = context, .kind = kind, .number = fake_number() };
	block->size = (size + FAKE_BLOCK - 1) / FAKE_BLOCK * FAKE_BLOCK;
	fake_path(path, "block", &fake_self, block->number);
	block->base = fake_map_file(path, &block->size);
	if (!block->base) {
		free(block);
		return NULL;
	}
	if (kind == FAKE_MANAGED)
		fake_remove(path);	/* nobody else can map it */
	blocks = block;
	return block;
}

static void free_block(struct fake_block *block)
{
	struct fake_block **at;
	char path[FAKE_PATH];

	for (at = &blocks; *at != block; at = &(*at)->next)
		;
	*at = block->next;
	fake_path(path, "block", &fake_self, block->number);
	fake_remove(path);
	fake_unmap(block->base, block->size);
	free(block);
}

/* The first gap of this size: what was freed last is given again. */
static char *gap(const struct fake_block *block, size_t size)
{
	char *at = block->base;

	for (struct fake_allocation *a = allocations; a; a = a->next) {
		if (a->block != block)
			continue;
		if ((size_t)(a->base - at) >= size)
			return at;
		at = a->base + (a->size + UNIT - 1) / UNIT * UNIT;
	}
	return (size_t)(block->base + block->size - at) >= size ? at : NULL;
}

static char *place(struct fake_context *context, enum fake_kind kind, size_t size, struct fake_block **block)
{
	char *at;

	if (size <= FAKE_BLOCK / 2) {
		for (*block = blocks; *block; *block = (*block)->next) {
			if ((*block)->context == context && (*block)->kind == kind && (*block)->size == FAKE_BLOCK &&
			    (at = gap(*block, size)))
				return at;
		}
	}
	*block = make_block(context, kind, size);
	return *block ? (*block)->base : NULL;
}

int fake_allocate(struct fake_context *context, enum fake_kind kind, size_t size, void **out)
{
	struct fake_allocation *new, **at;

	if (!out || !size)
		return CUDA_INVALID_VALUE;
	if (size > (size_t)1 << 40 || !(new = calloc(1, sizeof(*new))))
		return CUDA_OUT_OF_MEMORY;
	*new = (struct fake_allocation){ .context = context, .size = size, .kind = kind, .number = fake_number() };
	new->base = place(context, kind, (size + UNIT - 1) / UNIT * UNIT, &new->block);
	if (!new->base) {
		free(new);
		return CUDA_OUT_OF_MEMORY;
	}
	for (at = &allocations; *at && (*at)->base < new->base; at = &(*at)->next)
		;
	new->next = *at;
	*at = new;
	*out = new->base;
	return CUDA_OK;
}

/* Blocks for small ones stay until their context ends, as addresses are to come again soon. */
static void drop(struct fake_allocation **at)
{
	struct fake_allocation *gone = *at;
	char path[FAKE_PATH];

	*at = gone->next;
	if (gone->exported) {
		fake_path(path, "memory", &fake_self, gone->number);
		fake_remove(path);
	}
	if (gone->block->size > FAKE_BLOCK || gone->size > FAKE_BLOCK / 2)
		free_block(gone->block);
	free(gone);
}

int fake_free(void *base)
{
	struct fake_allocation **at;

	for (at = &allocations; *at && (*at)->base != base; at = &(*at)->next)
		;
	if (!*at)
		return fake_close(NULL, base);	/* a pointer of an imported pool */
	drop(at);
	return CUDA_OK;
}

void fake_free_of(const struct fake_context *context)
{
	struct fake_allocation **at = &allocations;
	struct fake_block *next;

	while (*at) {
		if ((*at)->context == context)
			drop(at);
		else
			at = &(*at)->next;
	}
	for (struct fake_block *b = blocks; b; b = next) {
		next = b->next;
		if (b->context == context)
			free_block(b);
	}
}

/* Owned by no context, or by the current one. */
static int allocate(enum fake_kind kind, size_t size, void **out)
{
	struct fake_context *context;
	int error = fake_enter_context(&context);

	return error ? error : fake_leave(fake_allocate(kind == FAKE_ASYNC ? NULL : context, kind, size, out));
}

/* NULL may be freed always. */
static int release(void *block)
{
	struct fake_context *context;
	int error = fake_enter_context(&context);

	return error ? error : fake_leave(block ? fake_free(block) : CUDA_OK);
}

int cuMemAlloc_v2(void **out, size_t size)
{
	return allocate(FAKE_DEVICE, size, out);
}

int cuMemAllocPitch_v2(void **out, size_t *pitch, size_t width, size_t height, unsigned element)
{
	if (!pitch || (element != 4 && element != 8 && element != 16))
		return CUDA_INVALID_VALUE;
	*pitch = (width + PITCH - 1) / PITCH * PITCH;
	return allocate(FAKE_DEVICE, *pitch * height, out);
}

int cuMemAllocManaged(void **out, size_t size, unsigned flags)
{
	return flags == 1 || flags == 2 ? allocate(FAKE_MANAGED, size, out) : CUDA_INVALID_VALUE;
}

#define ASYNC(suffix)									\
int cuMemAllocAsync##suffix(void **out, size_t size, void *stream)			\
{											\
	(void)stream;									\
	return allocate(FAKE_ASYNC, size, out);						\
}											\
int cuMemAllocFromPoolAsync##suffix(void **out, size_t size, void *pool, void *stream)	\
{											\
	(void)stream;									\
	return pool ? allocate(FAKE_ASYNC, size, out) : CUDA_INVALID_VALUE;		\
}											\
int cuMemFreeAsync##suffix(void *block, void *stream)					\
{											\
	(void)stream;									\
	return release(block);								\
}
ASYNC()
ASYNC(_ptsz)

int cuMemFree_v2(void *block)
{
	return release(block);
}

int cuMemGetAddressRange_v2(void **base, size_t *size, void *inside)
{
	struct fake_allocation *a;
	void *ignored_base;
	size_t ignored_size;
	int error = fake_enter();

	if (error)
		return error;
	base = base ? base : &ignored_base;
	size = size ? size : &ignored_size;
	a = fake_find(inside);
	if (!a)
		return fake_leave(fake_find_import(inside, base, size));
	*base = a->base;
	*size = a->size;
	return fake_leave(CUDA_OK);
}

int cuPointerGetAttribute(void *data, int attribute, void *inside)
{
	struct fake_allocation *a;
	int error = fake_enter();

	if (error)
		return error;
	a = fake_find(inside);
	if (!data || !a)
		return fake_leave(CUDA_INVALID_VALUE);
	if (attribute == CUDA_POINTER_BUFFER_ID)
		memcpy(data, &a->number, sizeof(a->number));
	else if (attribute == CUDA_POINTER_RANGE_START)
		memcpy(data, &a->base, sizeof(a->base));
	else
		return fake_leave(CUDA_NOT_SUPPORTED);
	return fake_leave(CUDA_OK);
}
