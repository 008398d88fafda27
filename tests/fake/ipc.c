/* SPDX-License-Identifier: MIT */
/*
 * Memory of other processes.  A handle names an allocation; what is mapped is the whole block in
 * which it lies, once a context; what is returned is where the allocation begins in it.
 */
#include "driver.h"

struct import {
	struct import *next;
	struct fake_context *context;
	struct fake_who owner;
	uint64_t block;
	char *base;
	size_t size;
	unsigned opens;			/* pointers into it that are open */
};

struct open {
	struct open *next;
	struct import *import;
	char *at;
	uint64_t number;		/* of the allocation; another may begin at the same place later */
	unsigned count;
};

static struct import *imports;
static struct open *opens;

int fake_find_import(const void *inside, void **base, size_t *size)
{
	for (struct import *i = imports; i; i = i->next) {
		if ((const char *)inside >= i->base && (const char *)inside < i->base + i->size) {
			*base = i->base;
			*size = i->size;
			return CUDA_OK;
		}
	}
	return CUDA_INVALID_VALUE;
}

int fake_export(struct cuda_handle *handle, struct fake_allocation *a)
{
	struct fake_ticket ticket = { .kind = (uint32_t)a->kind, .number = a->number, .block = a->block->number,
				      .offset = (uint64_t)(a->base - a->block->base), .size = a->size };

	a->exported = 1;
	return fake_wrap(handle, &ticket) ? CUDA_OUT_OF_MEMORY : CUDA_OK;
}

int cuIpcGetMemHandle(struct cuda_handle *handle, void *block)
{
	struct fake_context *context;
	struct fake_allocation *a;
	int error = fake_enter_context(&context);

	if (error)
		return error;
	a = fake_find(block);	/* any address in it will do, and says the same */
	if (!handle || !a || a->kind != FAKE_DEVICE)
		return fake_leave(CUDA_INVALID_VALUE);
	return fake_leave(fake_export(handle, a));
}

static struct import *map_block(struct fake_context *context, const struct fake_ticket *ticket)
{
	struct import *i;
	char path[FAKE_PATH];

	for (i = imports; i; i = i->next) {
		if (i->context == context && i->block == ticket->block && i->owner.pid == ticket->owner.pid &&
		    i->owner.start == ticket->owner.start)
			return i;
	}
	i = calloc(1, sizeof(*i));
	if (!i)
		return NULL;
	*i = (struct import){ .next = imports, .context = context, .owner = ticket->owner, .block = ticket->block };
	fake_path(path, "block", &i->owner, i->block);
	i->base = fake_map_file(path, &i->size);
	if (!i->base) {
		free(i);
		return NULL;
	}
	return imports = i;
}

int fake_import(struct fake_context *context, const struct fake_ticket *ticket, void **out)
{
	struct import *import = map_block(context, ticket);
	struct open *o;

	if (!import)
		return CUDA_INVALID_VALUE;
	for (o = opens; o && (o->import != import || o->number != ticket->number); o = o->next)
		;
	if (!o) {
		o = calloc(1, sizeof(*o));
		if (!o)
			return CUDA_OUT_OF_MEMORY;
		*o = (struct open){ .next = opens, .import = import, .number = ticket->number };
		o->at = import->base + ticket->offset;
		opens = o;
		import->opens++;
	}
	o->count++;
	*out = o->at;
	return CUDA_OK;
}

static int open_handle(void **out, const struct cuda_handle *handle, unsigned flags)
{
	struct fake_context *context;
	struct fake_ticket ticket;
	int error = fake_enter_context(&context);

	if (error)
		return error;
	if (!out || flags != CUDA_IPC_LAZY_PEER_ACCESS || !fake_unwrap(&ticket, handle, FAKE_DEVICE))
		return fake_leave(CUDA_INVALID_VALUE);
	if (ticket.owner.pid == fake_self.pid && ticket.owner.start == fake_self.start)
		return fake_leave(CUDA_INVALID_CONTEXT);
	return fake_leave(fake_import(context, &ticket, out));
}

int cuIpcOpenMemHandle(void **out, struct cuda_handle handle, unsigned flags)
{
	return open_handle(out, &handle, flags);
}

int cuIpcOpenMemHandle_v2(void **out, struct cuda_handle handle, unsigned flags)
{
	return open_handle(out, &handle, flags);
}

static void drop(struct open **at)
{
	struct open *gone = *at;
	struct import *import = gone->import, **i;

	*at = gone->next;
	free(gone);
	if (--import->opens)
		return;
	for (i = &imports; *i != import; i = &(*i)->next)
		;
	*i = import->next;
	fake_unmap(import->base, import->size);
	free(import);
}

int fake_close(const struct fake_context *context, const void *mapped)
{
	struct open **at;

	for (at = &opens; *at && ((*at)->at != mapped || (*at)->import->context != context); at = &(*at)->next)
		;
	if (!*at)
		return CUDA_INVALID_VALUE;
	if (!--(*at)->count)
		drop(at);
	return CUDA_OK;
}

int cuIpcCloseMemHandle(void *mapped)
{
	struct fake_context *context;
	int error = fake_enter_context(&context);

	return error ? error : fake_leave(fake_close(context, mapped));
}

void fake_close_of(const struct fake_context *context)
{
	struct open **at = &opens;

	while (*at) {
		if ((*at)->import->context == context)
			drop(at);
		else
			at = &(*at)->next;
	}
}
