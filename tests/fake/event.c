/* SPDX-License-Identifier: MIT */
/* Events and streams.  All work is done when it is asked for, so that every event has come. */
#include "driver.h"

#define KNOWN_FLAGS 7u

struct event {
	struct event *next;
	struct fake_context *context;
	uint64_t number;
	unsigned flags;
	int exported, imported;
};

struct stream {
	struct stream *next;
	struct fake_context *context;
};

static struct event *events;
static struct stream *streams;

static struct event **find(const void *event)
{
	struct event **at;

	for (at = &events; *at && *at != event; at = &(*at)->next)
		;
	return at;
}

static int add(struct fake_context *context, unsigned flags, int imported, void **out)
{
	struct event *e = calloc(1, sizeof(*e));

	if (!e)
		return CUDA_OUT_OF_MEMORY;
	*e = (struct event){ .next = events, .context = context, .number = fake_number(), .flags = flags };
	e->imported = imported;
	events = e;
	*out = e;
	return CUDA_OK;
}

static void drop(struct event **at)
{
	struct event *gone = *at;
	char path[FAKE_PATH];

	*at = gone->next;
	if (gone->exported) {
		fake_path(path, "event", &fake_self, gone->number);
		fake_remove(path);
	}
	free(gone);
}

void fake_destroy_of(const struct fake_context *context)
{
	struct event **e = &events;
	struct stream *s, **at = &streams;

	while (*e) {
		if ((*e)->context == context)
			drop(e);
		else
			e = &(*e)->next;
	}
	while ((s = *at)) {
		if (s->context == context) {
			*at = s->next;
			free(s);
		} else {
			at = &s->next;
		}
	}
}

int cuEventCreate(void **event, unsigned flags)
{
	struct fake_context *context;
	int error = fake_enter_context(&context);

	if (error)
		return error;
	if (!event || flags & ~KNOWN_FLAGS || (flags & CUDA_EVENT_INTERPROCESS && !(flags & CUDA_EVENT_DISABLE_TIMING)))
		return fake_leave(CUDA_INVALID_VALUE);
	return fake_leave(add(context, flags, 0, event));
}

/* An imported one is an event of this process alone: it ends without the other's. */
static int destroy(const void *event)
{
	struct event **at;
	int error = fake_enter();

	if (error)
		return error;
	at = find(event);
	if (!*at)
		return fake_leave(CUDA_INVALID_HANDLE);
	drop(at);
	return fake_leave(CUDA_OK);
}

int cuEventDestroy(void *event) { return destroy(event); }
int cuEventDestroy_v2(void *event) { return destroy(event); }

static int is_there(const void *event)
{
	int error = fake_enter();

	return error ? error : fake_leave(*find(event) ? CUDA_OK : CUDA_INVALID_HANDLE);
}

int cuEventRecord(void *event, void *stream)
{
	(void)stream;
	return is_there(event);
}

int cuEventRecord_ptsz(void *event, void *stream)
{
	(void)stream;
	return is_there(event);
}

int cuEventQuery(void *event) { return is_there(event); }
int cuEventSynchronize(void *event) { return is_there(event); }

int cuIpcGetEventHandle(struct cuda_handle *handle, void *event)
{
	struct event *e;
	struct fake_ticket ticket = { .kind = FAKE_EVENT };
	int error = fake_enter();

	if (error)
		return error;
	e = *find(event);
	if (!e)
		return fake_leave(CUDA_INVALID_HANDLE);
	if (!handle || !(e->flags & CUDA_EVENT_INTERPROCESS) || e->imported)
		return fake_leave(CUDA_INVALID_VALUE);
	ticket.number = e->number;
	e->exported = 1;
	return fake_leave(fake_wrap(handle, &ticket) ? CUDA_OUT_OF_MEMORY : CUDA_OK);
}

int cuIpcOpenEventHandle(void **event, struct cuda_handle handle)
{
	struct fake_context *context;
	struct fake_ticket ticket;
	int error = fake_enter_context(&context);

	if (error)
		return error;
	if (!event || !fake_unwrap(&ticket, &handle, FAKE_EVENT))
		return fake_leave(CUDA_INVALID_VALUE);
	if (ticket.owner.pid == fake_self.pid && ticket.owner.start == fake_self.start)
		return fake_leave(CUDA_INVALID_CONTEXT);
	return fake_leave(add(context, CUDA_EVENT_INTERPROCESS | CUDA_EVENT_DISABLE_TIMING, 1, event));
}

int cuStreamCreate(void **stream, unsigned flags)
{
	struct fake_context *context;
	struct stream *s;
	int error = fake_enter_context(&context);

	if (error)
		return error;
	s = stream && flags <= 1 ? calloc(1, sizeof(*s)) : NULL;
	if (!s)
		return fake_leave(CUDA_INVALID_VALUE);
	*s = (struct stream){ .next = streams, .context = context };
	*stream = streams = s;
	return fake_leave(CUDA_OK);
}

/* 0, 1 and 2 are the default streams. */
static struct stream **find_stream(const void *stream)
{
	struct stream **at;

	for (at = &streams; *at && *at != stream; at = &(*at)->next)
		;
	return at;
}

int cuStreamDestroy_v2(void *stream)
{
	struct stream **at, *gone;
	int error = fake_enter();

	if (error)
		return error;
	at = find_stream(stream);
	gone = *at;
	if (!gone)
		return fake_leave(CUDA_INVALID_HANDLE);
	*at = gone->next;
	free(gone);
	return fake_leave(CUDA_OK);
}

int cuStreamSynchronize(void *stream)
{
	struct fake_context *context;
	int error = fake_enter_context(&context);

	if (error)
		return error;
	return fake_leave((uintptr_t)stream <= 2 || *find_stream(stream) ? CUDA_OK : CUDA_INVALID_HANDLE);
}

int cuStreamWaitEvent(void *stream, void *event, unsigned flags)
{
	int error = cuStreamSynchronize(stream);

	return error || flags ? CUDA_INVALID_VALUE : is_there(event);
}
