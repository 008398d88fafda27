/* SPDX-License-Identifier: MIT */
/* Names of calls and kinds, and where records lie in the file.  No malloc, no stdio: preload uses it. */
#include <sys/stat.h>

#include "ledger.h"

const char *tshm_call_name(unsigned call)
{
	switch (call) {
#define TSHM_CALL(id, name, act, kind, early) case (id): return #name;
#include "calls.def"
#undef TSHM_CALL
#define TSHM_CU(id, name, ask, version) case (id): return #name;
#define TSHM_CUDART(id, name) case (id): return #name;
#include "cuda.def"
#undef TSHM_CUDART
#undef TSHM_CU
	}
	return "?";
}

const char *tshm_kind_name(unsigned kind)
{
	switch (kind) {
#define TSHM_KIND(id, tag, text, by, unique) case (id): return text;
#include "kinds.def"
#undef TSHM_KIND
	}
	return "?";
}

enum tshm_number tshm_kind_by(unsigned kind)
{
	switch (kind) {
#define TSHM_KIND(id, tag, text, by, unique) case (id): return by;
#include "kinds.def"
#undef TSHM_KIND
	}
	return (enum tshm_number)0;
}

int tshm_kind_unique(unsigned kind)
{
	switch (kind) {
#define TSHM_KIND(id, tag, text, by, unique) case (id): return unique;
#include "kinds.def"
#undef TSHM_KIND
	}
	return 0;
}

int tshm_kind_fits(unsigned kind, uint32_t mode)
{
	uint32_t type = mode & S_IFMT;

	switch (kind) {
	case TSHM_KIND_SOCKET: return type == S_IFSOCK;
	case TSHM_KIND_PIPE: return type == S_IFIFO;
	case TSHM_KIND_DIRECTORY: return type == S_IFDIR;
	case TSHM_KIND_DEVICE: return type == S_IFCHR || type == S_IFBLK;
	case TSHM_KIND_SEGMENT: case TSHM_KIND_MEMFD: case TSHM_KIND_MQUEUE: return type == S_IFREG;
	case TSHM_KIND_FILE: return type && type != S_IFSOCK;	/* whatever a path leads to */
	case TSHM_KIND_EVENTFD: case TSHM_KIND_EPOLL: case TSHM_KIND_TIMERFD: case TSHM_KIND_SIGNALFD:
	case TSHM_KIND_INOTIFY: return !type;
	case TSHM_KIND_PIDFD: return !type || type == S_IFREG;	/* a file of pidfs, Linux 6.9 */
	}
	return 1;
}

/*
 * Sizes of the sections in this version.  first_count and capacity are powers of
 * two, and every first extent is a whole number of pages, so that it can be
 * populated alone.
 */
static const struct {
	uint32_t record_size, first_count, capacity;
} tshm_sizes[TSHM_SEC_COUNT] = {
	[TSHM_SEC_RESOURCES] = { sizeof(struct tshm_resource), 32, 1u << 20 },
	[TSHM_SEC_SITES] = { sizeof(struct tshm_site), 8, 1u << 14 },
	[TSHM_SEC_HISTORY] = { sizeof(struct tshm_history), 8, 1u << 16 },
	[TSHM_SEC_TRANSFERS] = { sizeof(struct tshm_transfer), 32, 1u << 12 },
	[TSHM_SEC_MODULES] = { sizeof(struct tshm_module), 64, 1u << 12 },
	[TSHM_SEC_STRINGS] = { TSHM_STRING_UNIT, 512, 1u << 17 },
	[TSHM_SEC_THREADS] = { sizeof(struct tshm_thread), 128, 1u << 12 },
	[TSHM_SEC_CHILDREN] = { sizeof(struct tshm_child), 64, 1u << 12 },
	[TSHM_SEC_MARKS] = { sizeof(struct tshm_mark), 16, 1u << 10 },
	[TSHM_SEC_IPC] = { sizeof(struct tshm_ipc), 16, 1u << 14 },
};

uint64_t tshm_ledger_first_extent(void)
{
	uint64_t at = TSHM_HEADER_EXTENT;

	for (int i = 0; i < TSHM_SEC_COUNT; i++)
		at += (uint64_t)tshm_sizes[i].record_size * tshm_sizes[i].first_count;
	return at;
}

uint64_t tshm_ledger_layout(struct tshm_section sections[TSHM_SECTION_MAX])
{
	/* Rest extents in the order of their size: to map one, the writer passes over those before it. */
	static const uint8_t order[TSHM_SEC_COUNT] = {
		TSHM_SEC_THREADS, TSHM_SEC_CHILDREN, TSHM_SEC_MODULES, TSHM_SEC_MARKS, TSHM_SEC_TRANSFERS,
		TSHM_SEC_STRINGS, TSHM_SEC_IPC, TSHM_SEC_SITES, TSHM_SEC_HISTORY, TSHM_SEC_RESOURCES
	};
	/* First extents: what every image writes lies side by side behind the header. */
	static const uint8_t first_order[TSHM_SEC_COUNT] = {
		TSHM_SEC_STRINGS, TSHM_SEC_RESOURCES, TSHM_SEC_SITES, TSHM_SEC_MODULES, TSHM_SEC_THREADS,
		TSHM_SEC_HISTORY, TSHM_SEC_TRANSFERS, TSHM_SEC_CHILDREN, TSHM_SEC_MARKS,
		TSHM_SEC_IPC
	};
	uint64_t first = TSHM_HEADER_EXTENT;
	uint64_t rest = tshm_ledger_first_extent();

	for (int i = 0; i < TSHM_SEC_COUNT; i++) {
		struct tshm_section *s = &sections[i];

		s->record_size = tshm_sizes[i].record_size;
		s->first_count = tshm_sizes[i].first_count;
		s->capacity = tshm_sizes[i].capacity;
		s->used = 1;	/* number 0 is "none" */
		s->lost = 0;
		s->recycled = 0;
	}
	for (int i = 0; i < TSHM_SEC_COUNT; i++) {
		struct tshm_section *s = &sections[first_order[i]];

		s->first_offset = first;
		first += (uint64_t)s->record_size * s->first_count;
	}
	for (int i = 0; i < TSHM_SEC_COUNT; i++) {
		struct tshm_section *s = &sections[order[i]];

		s->rest_offset = rest;
		rest += (uint64_t)s->record_size * (s->capacity - s->first_count);
	}
	return rest;
}

uint64_t tshm_ledger_offset(const struct tshm_section *s, uint32_t number)
{
	if (number < s->first_count)
		return s->first_offset + (uint64_t)s->record_size * number;
	return s->rest_offset + (uint64_t)s->record_size * (number - s->first_count);
}
