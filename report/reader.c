/* SPDX-License-Identifier: MIT */
/*
 * From bytes to records: the trust boundary.
 *
 * The file is read, not mapped: its owner may truncate it, and a mapping would raise
 * SIGBUS then.  One pread takes the header and all first extents, which is all that a
 * short program has; further extents are read where the file has data, so holes cost
 * nothing however large the counts say that they are.
 */
#include "reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "xalloc.h"

#define HEAD_SIZE   (64u * 1024)	/* header and first extents of every version so far */
#define BUFFER_SIZE (256u * 1024)
#define RECORD_MAX  (64u * 1024)
#define RECORDS_MAX (1u << 26)
#define SECTIONS_LEAST TSHM_SEC_IPC	/* a ledger of version 1 has these at least */

struct source {
	const char *path;
	int fd;				/* -1: all bytes are in head */
	const uint8_t *head;		/* the file's first head_size bytes */
	const uint8_t *again;		/* the same, read once more; NULL if nobody may be writing */
	size_t head_size;
	uint64_t size;			/* of the file */
	uint64_t real;			/* bytes that it takes: the measure for allocations */
};

/* What reader.c keeps with an image. */
struct reader {
	char *path;
	uint64_t dev, ino;
	char *strings;			/* units of the arena, by number */
	uint64_t strings_size;
	uint32_t *past_numbers;		/* of image->past, rising */
	struct tshm_arena arena;
};

struct gather {				/* one section on its way into the image */
	struct source *src;
	struct tshm_image *image;
	const struct tshm_section *section;
	enum tshm_section_id id;
	size_t capacity;		/* of the array that grows */
	uint64_t taken;			/* records that stood in the file */
};

static const char *const section_names[TSHM_SEC_COUNT] = {
	[TSHM_SEC_RESOURCES] = "resources", [TSHM_SEC_SITES] = "sites", [TSHM_SEC_HISTORY] = "history",
	[TSHM_SEC_TRANSFERS] = "transfers", [TSHM_SEC_MODULES] = "modules", [TSHM_SEC_STRINGS] = "strings",
	[TSHM_SEC_THREADS] = "threads", [TSHM_SEC_CHILDREN] = "children", [TSHM_SEC_MARKS] = "marks",
	[TSHM_SEC_IPC] = "ipc",
};

static const uint32_t record_sizes[TSHM_SEC_COUNT] = {
	[TSHM_SEC_RESOURCES] = sizeof(struct tshm_resource), [TSHM_SEC_SITES] = sizeof(struct tshm_site),
	[TSHM_SEC_HISTORY] = sizeof(struct tshm_history), [TSHM_SEC_TRANSFERS] = sizeof(struct tshm_transfer),
	[TSHM_SEC_MODULES] = sizeof(struct tshm_module), [TSHM_SEC_STRINGS] = TSHM_STRING_UNIT,
	[TSHM_SEC_THREADS] = sizeof(struct tshm_thread), [TSHM_SEC_CHILDREN] = sizeof(struct tshm_child),
	[TSHM_SEC_MARKS] = sizeof(struct tshm_mark),
	[TSHM_SEC_IPC] = sizeof(struct tshm_ipc),
};

/* The first problem of a ledger is told; the others follow from it. */
static void __attribute__((format(printf, 3, 4)))
complain(char **problem, const struct source *src, const char *format, ...)
{
	va_list arguments;
	char *text;

	if (*problem)
		return;
	va_start(arguments, format);
	text = tshm_xvasprintf(format, arguments);
	va_end(arguments);
	*problem = tshm_xasprintf("%s: %s", src->path, text);
	free(text);
}

static const char *image_string(const struct tshm_image *image, uint32_t number, uint32_t *length)
{
	const struct reader *r = image->reader;
	uint64_t at = (uint64_t)number * TSHM_STRING_UNIT;
	uint32_t n;

	if (!number || !r || at + sizeof(n) > r->strings_size)
		return NULL;
	memcpy(&n, r->strings + at, sizeof(n));
	if (n > TSHM_STRING_MAX || at + sizeof(n) + n + 1 > r->strings_size)
		return NULL;
	if (r->strings[at + sizeof(n) + n])
		return NULL;
	if (length)
		*length = n;
	return r->strings + at + sizeof(n);
}

/* ---- records ---- */

/* May an array of `count` records of `size` bytes be had for what the file takes? */
static bool affordable(const struct source *src, uint64_t count, uint64_t size)
{
	/* The factor is for file systems that compress. */
	return count <= RECORDS_MAX && count * size <= 16 * src->real + (1u << 20);
}

static bool take_resource(struct gather *g, const uint8_t *bytes)
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

static bool take_history(struct gather *g, uint32_t number, const uint8_t *bytes, bool torn)
{
	struct tshm_image *im = g->image;
	struct reader *r = im->reader;
	struct tshm_past *p;

	if (im->past_count == g->capacity)
		r->past_numbers = tshm_xreallocarray(r->past_numbers, g->capacity ? 2 * g->capacity : 16,
						     sizeof(*r->past_numbers));
	TSHM_GROW(im->past, im->past_count, g->capacity);
	p = &im->past[im->past_count];
	memset(p, 0, sizeof(*p));
	memcpy(&p->h, bytes, sizeof(p->h));
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
static size_t room_for(const struct gather *g, uint32_t number, size_t size)
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

static bool take_site(struct gather *g, uint32_t number, const uint8_t *bytes)
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

static bool take_module(struct gather *g, uint32_t number, const uint8_t *bytes)
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
	to->path = (const char *)(uintptr_t)m.path;	/* a number until the strings are here: finish_modules() */
	return true;
}

#define TAKE_PLAIN(name, list, count) \
	static bool take_##name(struct gather *g, const uint8_t *bytes) \
	{ \
		TSHM_GROW(g->image->list, g->image->count, g->capacity); \
		memcpy(&g->image->list[g->image->count++], bytes, sizeof(*g->image->list)); \
		return true; \
	}
TAKE_PLAIN(transfer, transfers, transfer_count)
TAKE_PLAIN(child, children, child_count)
TAKE_PLAIN(thread, threads, thread_count)

static bool take_ipc(struct gather *g, const uint8_t *bytes)
{
	struct tshm_image *im = g->image;

	TSHM_GROW(im->ipcs, im->ipc_count, g->capacity);
	im->ipc_count += tshm_reader_ipc(&im->ipcs[im->ipc_count], im, bytes);
	return true;
}

/* One record.  `again`: the same bytes read later, or NULL.  false: it cannot be kept. */
static bool take(struct gather *g, uint32_t number, const uint8_t *bytes, const uint8_t *again)
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
	case TSHM_SEC_IPC:
		return take_ipc(g, bytes);
	default:
		return true;
	}
}

/* Strings have no stamps: their bytes are kept as they stand. */
static bool take_units(struct gather *g, uint32_t number, const uint8_t *bytes, size_t count)
{
	struct reader *r = g->image->reader;
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

static bool take_records(struct gather *g, uint32_t number, const uint8_t *bytes, const uint8_t *again, size_t count)
{
	size_t size = g->section->record_size;

	if (g->id == TSHM_SEC_STRINGS)
		return take_units(g, number, bytes, count);
	for (size_t i = 0; i < count; i++)
		if (number + i && !take(g, (uint32_t)(number + i), bytes + i * size, again ? again + i * size : NULL))
			return false;
	return true;
}

/* ---- extents ---- */

static size_t read_at(int fd, uint8_t *to, size_t size, uint64_t offset)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = pread(fd, to + done, size - done, (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	return done;
}

/* `count` records at `offset`, from the file, where it has data. */
static bool take_from_file(struct gather *g, uint32_t number, uint64_t offset, uint64_t count)
{
	struct source *src = g->src;
	size_t size = g->section->record_size, most = BUFFER_SIZE / size;
	TSHM_AUTO_FREE uint8_t *buffer = tshm_xmalloc(BUFFER_SIZE);
	TSHM_AUTO_FREE uint8_t *again = src->again ? tshm_xmalloc(BUFFER_SIZE) : NULL;
	bool ok = true;

	for (uint64_t i = 0; ok && i < count;) {
		off_t data = lseek(src->fd, (off_t)(offset + i * size), SEEK_DATA);
		size_t n = count - i < most ? count - i : most, got;

		if (data < 0 && errno == ENXIO)
			break;		/* a hole up to the end */
		if (data > 0 && (uint64_t)data >= offset + (i + 1) * size) {
			i = ((uint64_t)data - offset) / size;
			continue;
		}
		got = read_at(src->fd, buffer, n * size, offset + i * size) / size;
		if (!got)
			break;
		if (again && read_at(src->fd, again, got * size, offset + i * size) < got * size)
			break;
		ok = take_records(g, number + (uint32_t)i, buffer, again, got);
		i += got;
	}
	return ok;
}

/* One extent: as many of its records as lie in the file.  Returns false if some cannot be kept. */
static bool take_extent(struct gather *g, uint32_t number, uint64_t offset, uint64_t count)
{
	struct source *src = g->src;
	uint64_t size = g->section->record_size;
	uint64_t whole = offset < src->size ? (src->size - offset) / size : 0;

	if (count > whole)
		count = whole;
	g->taken += count;
	if (!count)
		return true;
	if (offset + count * size <= src->head_size)
		return take_records(g, number, src->head + offset, src->again ? src->again + offset : NULL, count);
	return take_from_file(g, number, offset, count);
}

static void take_section(struct source *src, struct tshm_image *image, enum tshm_section_id id, char **problem)
{
	const struct tshm_section *s = &image->header.sections[id];
	struct gather g = { .src = src, .image = image, .section = s, .id = id };
	uint32_t first = s->used < s->first_count ? s->used : s->first_count;
	bool ok;

	image->lost += s->lost;
	if (s->used <= 1)
		return;
	ok = take_extent(&g, 0, s->first_offset, first) &&
	     take_extent(&g, s->first_count, s->rest_offset, s->used - first);
	if (!ok)
		complain(problem, src, "the count of %s (%u) is not true of a file of this size", section_names[id], s->used);
	/* A writer that may not make the file larger (RLIMIT_FSIZE) counts what it loses. */
	else if (g.taken < s->used && !s->lost)
		complain(problem, src, "truncated: %llu of %u %s are there", (unsigned long long)g.taken, s->used,
			 section_names[id]);
}

/* ---- header ---- */

static bool check_section(const struct source *src, const struct tshm_header *h, unsigned id, char **problem)
{
	const struct tshm_section *s = &h->sections[id];
	const char *name = section_names[id];

	if (s->record_size < record_sizes[id] || s->record_size > RECORD_MAX ||
	    (id == TSHM_SEC_STRINGS && s->record_size != TSHM_STRING_UNIT))
		complain(problem, src, "damaged: records of %u bytes in %s (%u are needed)", s->record_size, name,
			 record_sizes[id]);
	else if (s->used > s->capacity || s->capacity > RECORDS_MAX || s->first_count > s->capacity)
		complain(problem, src, "damaged: %u of %u records used in %s", s->used, s->capacity, name);
	else if (s->first_offset < sizeof(*h) || s->first_offset >> 62 || s->rest_offset < sizeof(*h) ||
		 s->rest_offset >> 62)
		complain(problem, src, "damaged: %s lie outside of the file", name);
	return !*problem;
}

static bool token_is_valid(const char token[32])
{
	for (unsigned i = 0; i < 32; i++)
		if (!((token[i] >= '0' && token[i] <= '9') || (token[i] >= 'a' && token[i] <= 'f')))
			return false;
	return true;
}

static enum tshm_read check_header(const struct source *src, struct tshm_header *h, char **problem)
{
	static const char nothing[8];

	if (src->head_size < sizeof(*h)) {
		complain(problem, src, "too short to be a ledger (%llu bytes)", (unsigned long long)src->size);
		return TSHM_READ_BAD;
	}
	memcpy(h, src->head, sizeof(*h));
	if (!memcmp(h->magic, nothing, sizeof(nothing)) && !h->version && !h->pid) {
		complain(problem, src, "an empty ledger: its program just starts, or was killed as it started");
		return TSHM_READ_EMPTY;
	}
	if (memcmp(h->magic, TSHM_LEDGER_MAGIC, sizeof(h->magic)))
		complain(problem, src, "not a tshm ledger");
	else if (h->byte_order == __builtin_bswap32(TSHM_LEDGER_BYTE_ORDER))
		complain(problem, src, "written on a machine of the other byte order: report it there");
	else if (h->byte_order != TSHM_LEDGER_BYTE_ORDER)
		complain(problem, src, "damaged: byte order 0x%08x", h->byte_order);
	else if (h->version != TSHM_LEDGER_VERSION)
		complain(problem, src, "ledger version %u, this tshm-report reads %u", h->version, TSHM_LEDGER_VERSION);
	else if (h->header_size < sizeof(*h) || h->section_count < SECTIONS_LEAST ||
		 h->section_count > TSHM_SECTION_MAX)
		complain(problem, src, "damaged: a header of %u bytes with %u sections", h->header_size, h->section_count);
	else if (!token_is_valid(h->token))
		complain(problem, src, "damaged: its token is not one");
	else
		for (unsigned i = 0; i < TSHM_SEC_COUNT && i < h->section_count && check_section(src, h, i, problem); i++)
			;
	/* Sections that it does not have, or that we do not know, are empty to everybody after us. */
	for (unsigned i = h->section_count < TSHM_SEC_COUNT ? h->section_count : TSHM_SEC_COUNT; i < TSHM_SECTION_MAX; i++)
		memset(&h->sections[i], 0, sizeof(h->sections[i]));
	return *problem ? TSHM_READ_BAD : TSHM_READ_OK;
}

/* ---- the image ---- */

static void set_argv(struct tshm_image *im)
{
	struct reader *r = im->reader;
	uint32_t length = 0;
	const char *s = image_string(im, im->header.argv, &length);
	uint32_t count = 0;

	for (uint32_t i = 0; s && i < length; i++)
		count += !s[i] || i + 1 == length;
	im->argv = tshm_arena_alloc(&r->arena, (count + 1) * sizeof(char *));
	for (uint32_t i = 0; s && i < length;) {
		im->argv[im->argc++] = tshm_arena_strdup(&r->arena, s + i);
		i += (uint32_t)strlen(s + i) + 1;
	}
}

/* Numbers that point nowhere become 0, so that nobody after us needs to look. */
static void sanitize(struct tshm_image *im)
{
#define GOOD_SITE(n) ((n) < im->site_count && im->sites[n].stamp ? (n) : 0)
	for (size_t i = 0; i < im->held_count; i++) {
		struct tshm_held *h = &im->held[i];
		const struct tshm_past *name = tshm_reader_past(im, h->r.name);

		/* The record may have been overwritten since: then it tells of another object. */
		if (name && name->h.flags & TSHM_HIF_IDENT && h->r.flags & TSHM_RF_IDENT &&
		    (name->h.dev != h->r.dev || name->h.ino != h->r.ino))
			name = NULL;
		h->r.site = GOOD_SITE(h->r.site);
		h->name = name && name->name ? name->name : image_string(im, h->r.text, NULL);
	}
	for (size_t i = 0; i < im->past_count; i++) {
		im->past[i].h.site = GOOD_SITE(im->past[i].h.site);
		im->past[i].h.end_site = GOOD_SITE(im->past[i].h.end_site);
	}
	for (size_t i = 0; i < im->transfer_count; i++)
		im->transfers[i].site = GOOD_SITE(im->transfers[i].site);
	for (size_t i = 0; i < im->child_count; i++)
		im->children[i].site = GOOD_SITE(im->children[i].site);
	for (size_t i = 0; i < im->ipc_count; i++) {
		struct tshm_ipc *r = &im->ipcs[i].r;

		r->site = GOOD_SITE(r->site);
		r->end_site = GOOD_SITE(r->end_site);
		r->origin_site = GOOD_SITE(r->origin_site);
	}
	for (size_t i = 0; i < im->site_count; i++)
		for (unsigned f = 0; f < im->sites[i].depth; f++)
			if (im->sites[i].frames[f].kind == TSHM_FRAME_NATIVE &&
			    im->sites[i].frames[f].where >= im->module_count)
				im->sites[i].frames[f].where = 0;
	for (size_t i = 0; i < im->past_count; i++)
		if (im->past[i].h.before.kind == TSHM_FRAME_NATIVE && im->past[i].h.before.where >= im->module_count)
			im->past[i].h.before.where = 0;
	for (size_t i = 0; i < im->thread_count; i++)
		im->threads[i].name[sizeof(im->threads[i].name) - 1] = 0;
#undef GOOD_SITE
}

/* Ten thousand ledgers may be in memory: none keeps more than it needs. */
static void fit(struct tshm_image *im)
{
	if (im->held)
		im->held = tshm_xreallocarray(im->held, im->held_count, sizeof(*im->held));
	if (im->past)
		im->past = tshm_xreallocarray(im->past, im->past_count, sizeof(*im->past));
	if (im->children)
		im->children = tshm_xreallocarray(im->children, im->child_count, sizeof(*im->children));
	if (im->transfers)
		im->transfers = tshm_xreallocarray(im->transfers, im->transfer_count, sizeof(*im->transfers));
	if (im->ipcs)
		im->ipcs = tshm_xreallocarray(im->ipcs, im->ipc_count, sizeof(*im->ipcs));
	if (im->threads)
		im->threads = tshm_xreallocarray(im->threads, im->thread_count, sizeof(*im->threads));
}

static void finish(struct tshm_image *im)
{
	struct reader *r = im->reader;

	fit(im);
	im->exe = image_string(im, im->header.exe, NULL);
	if (!im->exe || !im->exe[0])
		im->exe = "?";
	set_argv(im);
	for (size_t i = 0; i < im->module_count; i++) {
		const char *path = image_string(im, (uint32_t)(uintptr_t)im->modules[i].path, NULL);

		im->modules[i].path = path && path[0] ? path : i ? im->exe : "";
	}
	for (size_t i = 0; i < im->past_count; i++) {
		struct tshm_past *p = &im->past[i];
		bool ends = memchr(p->h.name, 0, sizeof(p->h.name)) != NULL;

		if (p->h.name[0])
			p->name = ends ? p->h.name : tshm_arena_strndup(&r->arena, p->h.name, sizeof(p->h.name));
	}
	sanitize(im);
}

static enum tshm_read read_image(struct source *src, struct tshm_image *out, bool peek, char **problem)
{
	enum tshm_read how;

	how = check_header(src, &out->header, problem);
	if (how != TSHM_READ_OK)
		return how;
	out->header.boot_id[sizeof(out->header.boot_id) - 1] = 0;
	memcpy(out->id, out->header.token, 32);
	out->path = ((struct reader *)out->reader)->path;
	out->observed = true;
	out->string = image_string;
	out->lost = out->header.lost_early;
	/* Strings first: everything else refers to them. */
	take_section(src, out, TSHM_SEC_STRINGS, problem);
	for (unsigned id = 0; !peek && id < TSHM_SEC_COUNT; id++)
		if (id != TSHM_SEC_STRINGS)
			take_section(src, out, id, problem);
	finish(out);
	return TSHM_READ_OK;
}

static struct reader *begin(struct tshm_image *out, const char *path, char **problem)
{
	struct reader *r = tshm_xcalloc(1, sizeof(*r));

	memset(out, 0, sizeof(*out));
	*problem = NULL;
	r->path = tshm_xstrdup(path);
	out->reader = r;
	out->exe = "?";
	return r;
}

enum tshm_read tshm_reader_memory(const void *bytes, size_t size, const char *name, struct tshm_image *out,
				  char **problem)
{
	struct source src = { .path = name, .fd = -1, .head = bytes, .head_size = size, .size = size, .real = size };
	enum tshm_read how;

	begin(out, name, problem);
	how = read_image(&src, out, false, problem);
	if (how != TSHM_READ_OK)
		tshm_reader_close(out);
	return how;
}

/* Opened so that neither a symbolic link, a fifo nor a terminal can do harm. */
static int open_ledger(struct source *src, struct reader *r, char **problem)
{
	struct stat st;
	int fd = open(src->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0) {
		complain(problem, src, "%s", errno == ELOOP ? "a symbolic link, not a ledger" : strerror(errno));
		return -1;
	}
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		complain(problem, src, "not a regular file");
		close(fd);
		return -1;
	}
	src->size = (uint64_t)st.st_size;
	src->real = (uint64_t)st.st_blocks * 512;
	r->dev = st.st_dev;
	r->ino = st.st_ino;
	return fd;
}

static enum tshm_read read_file(const char *path, struct tshm_image *out, bool peek, char **problem)
{
	_Alignas(8) uint8_t head[HEAD_SIZE], again[HEAD_SIZE];
	struct source src = { .path = path, .fd = -1, .head = head };
	struct reader *r = begin(out, path, problem);
	TSHM_AUTO_FD int fd = open_ledger(&src, r, problem);
	enum tshm_read how = TSHM_READ_BAD;

	if (fd >= 0) {
		uint64_t wanted = tshm_ledger_first_extent();

		src.fd = fd;
		src.head_size = read_at(fd, head, wanted < HEAD_SIZE ? wanted : HEAD_SIZE, 0);
		if (src.head_size >= sizeof(struct tshm_header) &&
		    ((const struct tshm_header *)head)->ended == TSHM_ENDED_NOT && !peek &&
		    read_at(fd, again, src.head_size, 0) == src.head_size)
			src.again = again;
		how = read_image(&src, out, peek, problem);
	}
	if (how != TSHM_READ_OK)
		tshm_reader_close(out);
	return how;
}

enum tshm_read tshm_reader_open(const char *path, struct tshm_image *out, char **problem)
{
	return read_file(path, out, false, problem);
}

enum tshm_read tshm_reader_peek(const char *path, struct tshm_image *out, char **problem)
{
	return read_file(path, out, true, problem);
}

void tshm_reader_close(struct tshm_image *im)
{
	struct reader *r = im->reader;

	free(im->held);
	free(im->past);
	free(im->sites);
	free(im->modules);
	free(im->transfers);
	free(im->children);
	free(im->threads);
	free(im->ipcs);
	if (r) {
		free(r->path);
		free(r->strings);
		free(r->past_numbers);
		tshm_arena_free(&r->arena);
		free(r);
	}
	memset(im, 0, sizeof(*im));
	im->exe = "?";
}

struct tshm_past *tshm_reader_past(const struct tshm_image *im, uint32_t number)
{
	const struct reader *r = im->reader;
	size_t low = 0, high = im->past_count;

	if (!r || !number)
		return NULL;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (r->past_numbers[middle] < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low < im->past_count && r->past_numbers[low] == number ? &im->past[low] : NULL;
}

void tshm_reader_ident(const struct tshm_image *im, uint64_t *dev, uint64_t *ino)
{
	const struct reader *r = im->reader;

	*dev = r ? r->dev : 0;
	*ino = r ? r->ino : 0;
}
