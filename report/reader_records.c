/* SPDX-License-Identifier: MIT */
/* Records on their way from the bytes of a section into the image.  Part of the trust boundary, see reader.c. */
#include "reader_parts.h"

#include <string.h>

/* May an array of `count` records of `size` bytes be had for what the file takes? */
static bool affordable(const struct tshm_source *src, uint64_t count, uint64_t size)
{
	/* The factor is for file systems that compress. */
	return count <= RECORDS_MAX && count * size <= 16 * src->real + (1u << 20);
}

static bool take_resource(struct tshm_gather *g, const uint8_t *bytes)
{
	struct tshm_image *im = g->image;
	struct tshm_resource *r;

	TSHM_GROW(im->held, im->held_count, g->capacity);
	memset(&im->held[im->held_count], 0, sizeof(*im->held));
	r = &im->held[im->held_count].r;
	memcpy(r, bytes, sizeof(*r));
	if (r->epoch != (uint16_t)im->header.epoch) {
		r->origin = TSHM_ORIGIN_FORK;
		r->flags &= ~(uint32_t)TSHM_RF_CHECKED;
	}
	im->held[im->held_count++].image = im;
	return true;
}

/* "/dev/shm//x" and "/dev/shm/./x" are /dev/shm/x, as everybody else calls it. */
static void tidy_path(char *name, size_t size)
{
	char *to = name;

	for (const char *from = name; from < name + size && *from; from++) {
		if (to > name && to[-1] == '/' && (*from == '/' || (*from == '.' && from + 1 < name + size && from[1] == '/')))
			continue;
		*to++ = *from;
	}
	memset(to, 0, (size_t)(name + size - to));
}

static bool take_history(struct tshm_gather *g, uint32_t number, const uint8_t *bytes, bool torn)
{
	struct tshm_image *im = g->image;
	struct tshm_reader *r = im->reader;
	struct tshm_past *p;

	if (im->past_count == g->capacity)
		r->past_numbers = tshm_xreallocarray(r->past_numbers, g->capacity ? 2 * g->capacity : 16,
						     sizeof(*r->past_numbers));
	TSHM_GROW(im->past, im->past_count, g->capacity);
	p = &im->past[im->past_count];
	memset(p, 0, sizeof(*p));
	memcpy(&p->h, bytes, sizeof(p->h));
	if (p->h.name[0] == '/' && (p->h.space == TSHM_SPACE_SHM || p->h.space == TSHM_SPACE_SEM))
		tidy_path(p->h.name, sizeof(p->h.name));
	if (torn) {
		/*
		 * The process died while it wrote this.  A name may exist because of it, so it
		 * is kept as an intent, which counts only where the kernel bears it out.
		 */
		if (p->h.type != TSHM_HIST_NAME || (!p->h.name[0] && p->h.space != TSHM_SPACE_SYSV))
			return false;
		p->h.flags |= TSHM_HIF_INTENT;
		p->h.flags &= ~(uint32_t)TSHM_HIF_IDENT;
		p->h.stamp = TSHM_STAMP(TSHM_STAMP_GENERATION(p->h.stamp), TSHM_STATE_LIVE);
	}
	p->image = im;
	r->past_numbers[im->past_count++] = number;
	return true;
}

/* As a rule all that were used are there; a count that lies is followed step by step. */
static size_t room_for(const struct tshm_gather *g, uint32_t number, size_t size)
{
	if (affordable(g->src, g->section->used, size) && number < g->section->used)
		return g->section->used;
	return 2 * (size_t)number + 8;
}

/* Room for record `number` in an array that is indexed by number. */
#define TSHM_AT_NUMBER(g, list, count, number) \
	__extension__ ({ \
		bool ok_ = affordable((g)->src, (uint64_t)(number) + 1, sizeof(*(list))); \
		if (ok_ && (number) >= (g)->capacity) { \
			size_t room_ = room_for((g), (number), sizeof(*(list))); \
			(list) = tshm_xreallocarray((list), room_, sizeof(*(list))); \
			memset((list) + (g)->capacity, 0, (room_ - (g)->capacity) * sizeof(*(list))); \
			(g)->capacity = room_; \
		} \
		if (ok_ && (count) <= (number)) \
			(count) = (size_t)(number) + 1; \
		ok_; \
	})

static bool take_site(struct tshm_gather *g, uint32_t number, const uint8_t *bytes)
{
	struct tshm_image *im = g->image;
	struct tshm_site *s;

	if (!TSHM_AT_NUMBER(g, im->sites, im->site_count, number))
		return false;
	s = &im->sites[number];
	memcpy(s, bytes, sizeof(*s));
	if (s->depth > TSHM_DEPTH_MAX)
		s->depth = TSHM_DEPTH_MAX;
	return true;
}

static bool take_module(struct tshm_gather *g, uint32_t number, const uint8_t *bytes)
{
	struct tshm_image *im = g->image;
	struct tshm_module m;
	struct tshm_rmodule *to;

	if (!TSHM_AT_NUMBER(g, im->modules, im->module_count, number))
		return false;
	memcpy(&m, bytes, sizeof(m));
	to = &im->modules[number];
	to->start = m.start;
	to->end = m.end;
	to->bias = m.bias;
	to->order = m.order;
	to->build_id_size = m.build_id_size <= sizeof(m.build_id) ? m.build_id_size : 0;
	memcpy(to->build_id, m.build_id, sizeof(to->build_id));
	to->path = (const char *)(uintptr_t)m.path;	/* a number until the strings are here: tshm_reader_finish() */
	return true;
}

#define TAKE_PLAIN(name, list, count) \
	static bool take_##name(struct tshm_gather *g, const uint8_t *bytes) \
	{ \
		TSHM_GROW(g->image->list, g->image->count, g->capacity); \
		memcpy(&g->image->list[g->image->count++], bytes, sizeof(*g->image->list)); \
		return true; \
	}
TAKE_PLAIN(transfer, transfers, transfer_count)
TAKE_PLAIN(child, children, child_count)
TAKE_PLAIN(thread, threads, thread_count)
TAKE_PLAIN(mark, marks, mark_count)

static bool take_ipc(struct tshm_gather *g, const uint8_t *bytes)
{
	struct tshm_image *im = g->image;

	TSHM_GROW(im->ipcs, im->ipc_count, g->capacity);
	im->ipc_count += tshm_reader_ipc(&im->ipcs[im->ipc_count], im, bytes);
	return true;
}

/* One record.  `again`: the same bytes read later, or NULL.  false: it cannot be kept. */
static bool take(struct tshm_gather *g, uint32_t number, const uint8_t *bytes, const uint8_t *again)
{
	uint64_t stamp, later;
	bool torn;

	memcpy(&stamp, bytes, sizeof(stamp));
	if (TSHM_STAMP_STATE(stamp) == TSHM_STATE_FREE)
		return true;
	if (again) {
		memcpy(&later, again, sizeof(later));
		if (later != stamp)	/* in motion: neither here nor gone */
			return true;
	}
	torn = TSHM_STAMP_STATE(stamp) == TSHM_STATE_BUSY;
	g->image->torn += torn;
	if (torn && g->id != TSHM_SEC_HISTORY)
		return true;
	switch (g->id) {
	case TSHM_SEC_RESOURCES:
		return TSHM_STAMP_STATE(stamp) != TSHM_STATE_LIVE || take_resource(g, bytes);
	case TSHM_SEC_SITES:
		return take_site(g, number, bytes);
	case TSHM_SEC_HISTORY:
		take_history(g, number, bytes, torn);
		return true;
	case TSHM_SEC_TRANSFERS:
		return take_transfer(g, bytes);
	case TSHM_SEC_MODULES:
		return take_module(g, number, bytes);
	case TSHM_SEC_THREADS:
		return take_thread(g, bytes);
	case TSHM_SEC_CHILDREN:
		return take_child(g, bytes);
	case TSHM_SEC_MARKS:
		return take_mark(g, bytes);
	case TSHM_SEC_IPC:
		return take_ipc(g, bytes);
	default:
		return true;
	}
}

/* Strings have no stamps: their bytes are kept as they stand. */
static bool take_units(struct tshm_gather *g, uint32_t number, const uint8_t *bytes, size_t count)
{
	struct tshm_reader *r = g->image->reader;
	uint64_t end = ((uint64_t)number + count) * TSHM_STRING_UNIT;

	if (!affordable(g->src, end, 1))
		return false;
	if (end > r->strings_size) {
		r->strings = tshm_xreallocarray(r->strings, end, 1);
		memset(r->strings + r->strings_size, 0, end - r->strings_size);
		r->strings_size = end;
	}
	memcpy(r->strings + (uint64_t)number * TSHM_STRING_UNIT, bytes, count * TSHM_STRING_UNIT);
	return true;
}

bool tshm_reader_take(struct tshm_gather *g, uint32_t number, const uint8_t *bytes, const uint8_t *again, size_t count)
{
	size_t size = g->section->record_size;

	if (g->id == TSHM_SEC_STRINGS)
		return take_units(g, number, bytes, count);
	for (size_t i = 0; i < count; i++)
		if (number + i && !take(g, (uint32_t)(number + i), bytes + i * size, again ? again + i * size : NULL))
			return false;
	return true;
}
