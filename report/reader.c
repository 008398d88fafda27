/* SPDX-License-Identifier: MIT */
/*
 * From bytes to records: the trust boundary.
 *
 * The file is read, not mapped: its owner may truncate it, and a mapping would raise
 * SIGBUS then.  One pread takes the header and all first extents, which is all that a
 * short program has; further extents are read where the file has data, so holes cost
 * nothing however large the counts say that they are.
 */
#include "reader_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD_SIZE   (64u * 1024)	/* header and first extents of every version so far */
#define BUFFER_SIZE (256u * 1024)
#define RECORD_MAX  (64u * 1024)
#define SECTIONS_LEAST TSHM_SEC_IPC	/* a ledger of version 1 has these at least */

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
complain(char **problem, const struct tshm_source *src, const char *format, ...)
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
static bool take_from_file(struct tshm_gather *g, uint32_t number, uint64_t offset, uint64_t count)
{
	struct tshm_source *src = g->src;
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
		ok = tshm_reader_take(g, number + (uint32_t)i, buffer, again, got);
		i += got;
	}
	return ok;
}

/* One extent: as many of its records as lie in the file.  Returns false if some cannot be kept. */
static bool take_extent(struct tshm_gather *g, uint32_t number, uint64_t offset, uint64_t count)
{
	struct tshm_source *src = g->src;
	uint64_t size = g->section->record_size;
	uint64_t whole = offset < src->size ? (src->size - offset) / size : 0;

	if (count > whole)
		count = whole;
	g->taken += count;
	if (!count)
		return true;
	if (offset + count * size <= src->head_size)
		return tshm_reader_take(g, number, src->head + offset, src->again ? src->again + offset : NULL, count);
	return take_from_file(g, number, offset, count);
}

static void take_section(struct tshm_source *src, struct tshm_image *image, enum tshm_section_id id, char **problem)
{
	const struct tshm_section *s = &image->header.sections[id];
	struct tshm_gather g = { .src = src, .image = image, .section = s, .id = id };
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

static bool check_section(const struct tshm_source *src, const struct tshm_header *h, unsigned id, char **problem)
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

static enum tshm_read check_header(const struct tshm_source *src, struct tshm_header *h, char **problem)
{
	static const char nothing[8];

	if (!src->size) {
		complain(problem, src, "an empty ledger: its program just starts, or was killed as it started");
		return TSHM_READ_EMPTY;
	}
	if (src->head_size < sizeof(*h)) {
		complain(problem, src, "too short to be a ledger (%llu bytes)", (unsigned long long)src->size);
		return TSHM_READ_BAD;
	}
	memcpy(h, src->head, sizeof(*h));
	if (!memcmp(h->magic, nothing, sizeof(nothing)) && !h->ended) {	/* the magic is written last */
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

static enum tshm_read read_image(struct tshm_source *src, struct tshm_image *out, bool peek, char **problem)
{
	enum tshm_read how;

	how = check_header(src, &out->header, problem);
	if (how != TSHM_READ_OK)
		return how;
	out->header.boot_id[sizeof(out->header.boot_id) - 1] = 0;
	memcpy(out->id, out->header.token, 32);
	out->path = ((struct tshm_reader *)out->reader)->path;
	out->observed = true;
	out->string = tshm_reader_string;
	out->lost = out->header.lost_early;
	/* Strings first: everything else refers to them. */
	take_section(src, out, TSHM_SEC_STRINGS, problem);
	for (unsigned id = 0; id < TSHM_SEC_COUNT; id++)
		if (id == TSHM_SEC_CHILDREN || (id != TSHM_SEC_STRINGS && !peek))
			take_section(src, out, id, problem);
	tshm_reader_finish(out);
	return TSHM_READ_OK;
}

static struct tshm_reader *begin(struct tshm_image *out, const char *path, char **problem)
{
	struct tshm_reader *r = tshm_xcalloc(1, sizeof(*r));

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
	struct tshm_source src = { .path = name, .fd = -1, .head = bytes, .head_size = size, .size = size, .real = size };
	enum tshm_read how;

	begin(out, name, problem);
	how = read_image(&src, out, false, problem);
	if (how != TSHM_READ_OK)
		tshm_reader_close(out);
	return how;
}

/* Opened so that neither a symbolic link, a fifo nor a terminal can do harm. */
static int open_ledger(struct tshm_source *src, struct tshm_reader *r, char **problem)
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
	struct tshm_source src = { .path = path, .fd = -1, .head = head };
	struct tshm_reader *r = begin(out, path, problem);
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
	struct tshm_reader *r = im->reader;

	free(im->held);
	free(im->past);
	free(im->sites);
	free(im->modules);
	free(im->transfers);
	free(im->children);
	free(im->threads);
	free(im->ipcs);
	free(im->marks);
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

void tshm_reader_ident(const struct tshm_image *im, uint64_t *dev, uint64_t *ino)
{
	const struct tshm_reader *r = im->reader;

	*dev = r ? r->dev : 0;
	*ino = r ? r->ino : 0;
}
