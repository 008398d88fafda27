/* SPDX-License-Identifier: MIT */
/* Pools: bookkeeping.  A pool crosses as a descriptor of an empty file, what lies in it as with handles. */
#include "driver.h"

struct pool {
	struct pool *next;
	uint64_t number;
	int types, imported;
};

static struct pool *pools;

static struct pool **find(const void *pool)
{
	struct pool **at;

	for (at = &pools; *at && *at != pool; at = &(*at)->next)
		;
	return at;
}

static int add(int types, int imported, void **out)
{
	struct pool *pool = calloc(1, sizeof(*pool));

	if (!pool)
		return CUDA_OUT_OF_MEMORY;
	*pool = (struct pool){ .next = pools, .number = fake_number(), .types = types, .imported = imported };
	*out = pools = pool;
	return CUDA_OK;
}

int cuMemPoolCreate(void **pool, const struct CUmemPoolProps *props)
{
	int error = fake_enter();

	if (error)
		return error;
	return fake_leave(pool && props ? add(props->handle_types, 0, pool) : CUDA_INVALID_VALUE);
}

int cuMemPoolDestroy(void *pool)
{
	struct pool **at, *gone;
	char path[FAKE_PATH];
	int error = fake_enter();

	if (error)
		return error;
	at = find(pool);
	gone = *at;
	if (!gone)
		return fake_leave(CUDA_INVALID_VALUE);
	*at = gone->next;
	fake_path(path, "pool", &fake_self, gone->number);
	fake_remove(path);
	free(gone);
	return fake_leave(CUDA_OK);
}

int cuMemPoolExportToShareableHandle(void *out, void *pool, int type, unsigned long long flags)
{
	struct pool *p;
	char path[FAKE_PATH];
	int fd, error = fake_enter();

	if (error)
		return error;
	p = *find(pool);
	if (!out || !p || p->imported || flags || type != CUDA_HANDLE_FD || !(p->types & type))
		return fake_leave(CUDA_INVALID_VALUE);
	fake_path(path, "pool", &fake_self, p->number);
	fd = fake_touch(path) ? -1 : fake_open(path);
	if (fd < 0)
		return fake_leave(CUDA_OUT_OF_MEMORY);
	memcpy(out, &fd, sizeof(fd));
	return fake_leave(CUDA_OK);
}

int cuMemPoolImportFromShareableHandle(void **pool, void *os_handle, int type, unsigned long long flags)
{
	char path[FAKE_PATH];
	int error = fake_enter();

	if (error)
		return error;
	if (!pool || flags || type != CUDA_HANDLE_FD || fake_path_of((int)(intptr_t)os_handle, path) ||
	    strncmp(path, fake_dir, strlen(fake_dir)) != 0 || strncmp(path + strlen(fake_dir), "/pool-", 6) != 0)
		return fake_leave(CUDA_INVALID_VALUE);
	return fake_leave(add(type, 1, pool));
}

int cuMemPoolExportPointer(struct cuda_handle *data, void *block)
{
	struct fake_allocation *a;
	int error = fake_enter();

	if (error)
		return error;
	a = fake_find(block);
	if (!data || !a || a->kind != FAKE_ASYNC)
		return fake_leave(CUDA_INVALID_VALUE);
	return fake_leave(fake_export(data, a));
}

/* Freed as memory of this process is. */
int cuMemPoolImportPointer(void **out, void *pool, struct cuda_handle *data)
{
	struct fake_ticket ticket;
	struct pool *p;
	int error = fake_enter();

	if (error)
		return error;
	p = *find(pool);
	if (!out || !p || !p->imported || !data || !fake_unwrap(&ticket, data, FAKE_ASYNC))
		return fake_leave(CUDA_INVALID_VALUE);
	return fake_leave(fake_import(NULL, &ticket, out));
}
