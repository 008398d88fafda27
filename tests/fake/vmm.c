/* SPDX-License-Identifier: MIT */
/*
 * Memory by handles: made, mapped, exported as a descriptor.  It lives as long as a handle, a mapping
 * or a descriptor of it; here pages of a file, which a mapping of our own keeps while there are handles.
 */
#include "driver.h"

struct memory {
	struct memory *next;
	uint64_t number;		/* the handle */
	char *home;			/* NULL: multicast, which has no pages */
	size_t size;
	unsigned handles, mappings;
	int types;			/* as what it may be exported */
	int imported;
	char path[FAKE_PATH];
};

struct mapping {
	struct mapping *next;
	struct memory *memory;
	char *at;
	size_t size;
};

static struct memory *memories;
static struct mapping *mappings;

static struct memory *find(uint64_t number)
{
	struct memory *m;

	for (m = memories; m && (m->number != number || !m->handles); m = m->next)
		;
	return m;
}

static struct mapping **find_mapping(const void *inside)
{
	struct mapping **at;

	for (at = &mappings; *at; at = &(*at)->next) {
		if ((const char *)inside >= (*at)->at && (const char *)inside < (*at)->at + (*at)->size)
			break;
	}
	return at;
}

int fake_find_mapped(const void *inside, void **base, size_t *size)
{
	struct mapping *m = *find_mapping(inside);

	if (!m)
		return CUDA_INVALID_VALUE;
	*base = m->at;
	*size = m->size;
	return CUDA_OK;
}

static void put(struct memory *memory)
{
	struct memory **at;

	if (memory->handles || memory->mappings)
		return;
	for (at = &memories; *at != memory; at = &(*at)->next)
		;
	*at = memory->next;
	if (memory->home)
		fake_unmap(memory->home, memory->size);
	if (!memory->imported)
		fake_remove(memory->path);
	free(memory);
}

static struct memory *add(uint64_t *handle)
{
	struct memory *memory = calloc(1, sizeof(*memory));

	if (!memory)
		return NULL;
	memory->number = *handle = fake_number();
	memory->handles = 1;
	memory->next = memories;
	memories = memory;
	return memory;
}

static int create(uint64_t *handle, size_t size, const struct CUmemAllocationProp *prop)
{
	struct memory *memory;

	if (!handle || !size || size % FAKE_BLOCK || !prop || prop->type != 1)
		return CUDA_INVALID_VALUE;
	memory = add(handle);
	if (!memory)
		return CUDA_OUT_OF_MEMORY;
	memory->size = size;
	memory->types = prop->requested_handle_types;
	fake_path(memory->path, "pages", &fake_self, memory->number);
	memory->home = fake_map_file(memory->path, &memory->size);
	if (memory->home)
		return CUDA_OK;
	memory->handles = 0;
	put(memory);
	return CUDA_OUT_OF_MEMORY;
}

int cuMemCreate(uint64_t *handle, size_t size, const struct CUmemAllocationProp *prop, unsigned long long flags)
{
	int error = fake_enter();

	if (error)
		return error;
	return fake_leave(flags ? CUDA_INVALID_VALUE : create(handle, size, prop));
}

int cuMulticastCreate(uint64_t *handle, const struct CUmulticastObjectProp *prop)
{
	struct memory *memory;
	int error = fake_enter();

	if (error)
		return error;
	if (!handle || !prop || !prop->size)
		return fake_leave(CUDA_INVALID_VALUE);
	memory = add(handle);
	return fake_leave(memory ? CUDA_OK : CUDA_OUT_OF_MEMORY);
}

int cuMemRelease(uint64_t handle)
{
	struct memory *memory;
	int error = fake_enter();

	if (error)
		return error;
	memory = find(handle);
	if (!memory)
		return fake_leave(CUDA_INVALID_VALUE);
	memory->handles--;
	put(memory);
	return fake_leave(CUDA_OK);
}

int cuMemRetainAllocationHandle(uint64_t *handle, void *inside)
{
	struct mapping *mapping;
	int error = fake_enter();

	if (error)
		return error;
	mapping = *find_mapping(inside);
	if (!handle || !mapping)
		return fake_leave(CUDA_INVALID_VALUE);
	mapping->memory->handles++;
	*handle = mapping->memory->number;
	return fake_leave(CUDA_OK);
}

int cuMemGetAllocationGranularity(size_t *size, const struct CUmemAllocationProp *prop, int option)
{
	if (!size || !prop || (option != 0 && option != 1))
		return CUDA_INVALID_VALUE;
	*size = FAKE_BLOCK;
	return CUDA_OK;
}

int cuMemAddressReserve(void **out, size_t size, size_t alignment, void *wish, unsigned long long flags)
{
	int error = fake_enter();

	(void)wish;
	if (error)
		return error;
	if (!out || !size || size % FAKE_BLOCK || alignment & (alignment - 1) || flags)
		return fake_leave(CUDA_INVALID_VALUE);
	*out = fake_map_nothing(size);
	return fake_leave(*out ? CUDA_OK : CUDA_OUT_OF_MEMORY);
}

int cuMemAddressFree(void *at, size_t size)
{
	int error = fake_enter();

	if (error)
		return error;
	if (!at || *find_mapping(at))
		return fake_leave(CUDA_INVALID_VALUE);
	fake_unmap(at, size);
	return fake_leave(CUDA_OK);
}

int cuMemMap(void *at, size_t size, size_t offset, uint64_t handle, unsigned long long flags)
{
	struct memory *memory;
	struct mapping *new;
	int error = fake_enter();

	if (error)
		return error;
	memory = find(handle);
	if (!memory || !memory->home || offset || flags || size > memory->size || *find_mapping(at))
		return fake_leave(CUDA_INVALID_VALUE);
	new = calloc(1, sizeof(*new));
	if (!new || fake_map_again(at, memory->home, size)) {
		free(new);
		return fake_leave(CUDA_OUT_OF_MEMORY);
	}
	*new = (struct mapping){ .next = mappings, .memory = memory, .at = at, .size = size };
	mappings = new;
	memory->mappings++;
	return fake_leave(CUDA_OK);
}

int cuMemUnmap(void *at, size_t size)
{
	struct mapping **where, *gone;
	int error = fake_enter();

	if (error)
		return error;
	where = find_mapping(at);
	gone = *where;
	if (!gone || gone->at != at || gone->size != size || fake_reserve(at, size))
		return fake_leave(CUDA_INVALID_VALUE);
	*where = gone->next;
	gone->memory->mappings--;
	put(gone->memory);
	free(gone);
	return fake_leave(CUDA_OK);
}

/* Nothing is taken away here that was not granted. */
int cuMemSetAccess(void *at, size_t size, const struct CUmemAccessDesc *desc, size_t count)
{
	int error = fake_enter();

	(void)size;
	if (error)
		return error;
	return fake_leave(desc && count && *find_mapping(at) ? CUDA_OK : CUDA_INVALID_VALUE);
}

int cuMemExportToShareableHandle(void *out, uint64_t handle, int type, unsigned long long flags)
{
	struct memory *memory;
	int fd, error = fake_enter();

	if (error)
		return error;
	memory = find(handle);
	if (!out || !memory || !memory->home || flags || type != CUDA_HANDLE_FD || !(memory->types & type))
		return fake_leave(CUDA_INVALID_VALUE);
	fd = fake_open(memory->path);
	if (fd < 0)
		return fake_leave(CUDA_NOT_SUPPORTED);
	memcpy(out, &fd, sizeof(fd));
	return fake_leave(CUDA_OK);
}

/* The descriptor, which is the pointer's value, may be closed afterwards. */
int cuMemImportFromShareableHandle(uint64_t *handle, void *os_handle, int type)
{
	struct memory *memory;
	char path[FAKE_PATH], *home;
	size_t size = 0;
	int fd = (int)(intptr_t)os_handle, error = fake_enter();

	if (error)
		return error;
	if (!handle || type != CUDA_HANDLE_FD || fake_path_of(fd, path) || strncmp(path, fake_dir, strlen(fake_dir)) != 0 ||
	    strncmp(path + strlen(fake_dir), "/pages-", 7) != 0)
		return fake_leave(CUDA_INVALID_VALUE);
	home = fake_map_fd(fd, &size);
	memory = home ? add(handle) : NULL;
	if (!memory)
		return fake_leave(CUDA_OUT_OF_MEMORY);
	memory->home = home;
	memory->size = size;
	memory->types = type;
	memory->imported = 1;
	memcpy(memory->path, path, sizeof(path));
	return fake_leave(CUDA_OK);
}
