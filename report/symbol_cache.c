/* SPDX-License-Identifier: MIT */
#include "symbol_cache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * A file: the header, entries by offset, their places, strings that end in a zero byte
 * each.  Strings are named by where they begin; at 0 is the empty one, which stands for
 * what is not known.  As it is only for this machine, integers are as they are here.
 */
struct header {
	char magic[8];
	uint32_t byte_order, entries, places, strings;	/* the last: bytes */
	uint64_t stamp;			/* of the time when what has no line was looked up */
	uint64_t sum;			/* of all that follows the header */
	uint32_t path, debug_link;
	char build_id[40];
};
struct entry { uint64_t offset; uint32_t first, count; };
struct place { uint32_t function, file, line, inlined; };
_Static_assert(sizeof(struct header) == 88 && sizeof(struct entry) == 16 && sizeof(struct place) == 16, "no padding");

#define MAGIC "tshmsym1"
#define ORDER 0x01020304u
#define PLACES_MOST 128u	/* of one address; symbol_dwarf.c finds half as many */

struct added {			/* the same with pointers */
	uint64_t offset;
	struct tshm_place *places;
	size_t count;
};

struct tshm_cache {
	int directory;
	char *name, *path;
	char build_id[41];
	uint8_t *bytes;			/* NULL: there is no file, or it is of no use */
	const struct header *header;
	const struct entry *entries;
	const struct place *places;
	const char *strings;
	bool is_old;			/* what has no line is to be looked up again */
	struct added *added;
	size_t added_count, added_capacity;
	uint64_t stamp;			/* of what was added */
	char *debug_link;
	UT_hash_handle hh;
};

/* ---- read ---- */

static bool is_sound(const struct tshm_cache *c, size_t size)
{
	const struct header *h = c->header;
	uint64_t whole = sizeof(*h) + (uint64_t)h->entries * sizeof(struct entry) +
			 (uint64_t)h->places * sizeof(struct place) + h->strings;

	if (whole != size || !h->strings || c->strings[0] || c->strings[h->strings - 1] ||
	    h->path >= h->strings || h->debug_link >= h->strings ||
	    h->sum != tshm_cache_sum(0, c->bytes + sizeof(*h), size - sizeof(*h)))
		return false;
	for (uint32_t i = 0; i < h->entries; i++) {
		const struct entry *e = &c->entries[i];

		if ((i && e->offset <= e[-1].offset) || !e->count || e->count > PLACES_MOST ||
		    e->first > h->places || e->count > h->places - e->first)
			return false;
	}
	for (uint32_t i = 0; i < h->places; i++)
		if (c->places[i].function >= h->strings || c->places[i].file >= h->strings)
			return false;
	return true;
}

/* Point into the bytes, if they are a cache of this module. */
static bool take(struct tshm_cache *c, size_t size)
{
	const struct header *h = (const void *)c->bytes;

	if (!c->bytes || size < sizeof(*h) || memcmp(h->magic, MAGIC, sizeof(h->magic)) != 0 || h->byte_order != ORDER ||
	    h->entries > size / sizeof(struct entry) || h->places > size / sizeof(struct place) || h->strings > size)
		return false;
	c->header = h;
	c->entries = (const void *)(h + 1);
	c->places = (const void *)(c->entries + h->entries);
	c->strings = (const char *)(c->places + h->places);
	/* The path as well: another file may only claim to have this build-id. */
	return is_sound(c, size) && !strcmp(c->strings + h->path, c->path) &&
	       strnlen(h->build_id, sizeof(h->build_id)) == strlen(c->build_id) &&
	       !memcmp(h->build_id, c->build_id, strlen(c->build_id));
}

struct tshm_cache *tshm_cache_open(int directory, const char *path, const char *build_id)
{
	struct tshm_cache *c = tshm_xcalloc(1, sizeof(*c));
	size_t size = 0;

	c->directory = directory;
	c->path = tshm_xstrdup(path);
	snprintf(c->build_id, sizeof(c->build_id), "%s", build_id);
	c->name = tshm_xasprintf("%s-%016llx.sym", build_id, (unsigned long long)tshm_cache_sum(0, path, strlen(path)));
	c->bytes = tshm_cache_read(directory, c->name, &size);
	if (!take(c, size)) {
		free(c->bytes);
		c->bytes = NULL;
		c->header = NULL;
		return c;
	}
	c->is_old = c->header->stamp != tshm_cache_stamp(path, build_id, c->strings + c->header->debug_link);
	return c;
}

static int by_offset(const void *key, const void *entry)
{
	uint64_t offset = *(const uint64_t *)key, of_entry = ((const struct entry *)entry)->offset;

	return (offset > of_entry) - (offset < of_entry);
}

static const char *string(const struct tshm_cache *c, uint32_t at)
{
	return at ? c->strings + at : NULL;
}

static bool counts(const struct tshm_cache *c, const struct entry *e)
{
	return !c->is_old || c->places[e->first].line;
}

static void copy_places(const struct tshm_cache *c, const struct entry *e, struct tshm_places *places)
{
	places->count = 0;
	for (uint32_t i = 0; i < e->count; i++) {
		const struct place *from = &c->places[e->first + i];

		*tshm_places_add(places) = (struct tshm_place){
			.function = string(c, from->function), .file = string(c, from->file),
			.line = from->line, .inlined = from->inlined,
		};
	}
}

bool tshm_cache_find(struct tshm_cache *c, uint64_t offset, bool anything, struct tshm_places *places)
{
	const struct entry *e;

	if (!c->header)
		return false;
	e = bsearch(&offset, c->entries, c->header->entries, sizeof(*e), by_offset);
	if (!e || !(anything || counts(c, e)))
		return false;
	copy_places(c, e, places);
	return true;
}

void tshm_cache_add(struct tshm_cache *c, uint64_t offset, const struct tshm_places *places, const char *debug_link)
{
	struct added *a;

	if (!c->added_count) {
		c->debug_link = tshm_xstrdup(debug_link ? debug_link : "");
		c->stamp = tshm_cache_stamp(c->path, c->build_id, c->debug_link);
	}
	TSHM_GROW(c->added, c->added_count, c->added_capacity);
	a = &c->added[c->added_count++];
	a->offset = offset;
	a->count = places->count;
	a->places = tshm_xcalloc(places->count + 1, sizeof(*a->places));
	if (places->count)
		memcpy(a->places, places->list, places->count * sizeof(*a->places));
	/* That nothing is known is worth knowing, too. */
	a->count += !a->count;
}

/* ---- write ---- */

struct text {			/* a string that is in the file already */
	const char *s;
	uint32_t at;
	UT_hash_handle hh;
};

struct writer {
	struct header header;
	struct entry *entries;
	struct place *places;
	char *strings;
	size_t entry_capacity, place_capacity, entry_count, place_count, string_size, string_capacity;
	struct text *texts;
	bool too_large;
};

static uint32_t put_string(struct writer *w, const char *s)
{
	size_t size = s ? strlen(s) + 1 : 1;
	struct text *t;

	if (size == 1 && w->string_size)
		return 0;
	HASH_FIND(hh, w->texts, s ? s : "", size - 1, t);
	if (t)
		return t->at;
	if (w->string_size + size > TSHM_CACHE_FILE_MOST) {
		w->too_large = true;
		return 0;
	}
	while (w->string_size + size > w->string_capacity) {
		w->string_capacity = w->string_capacity ? 2 * w->string_capacity : 4096;
		w->strings = tshm_xreallocarray(w->strings, w->string_capacity, 1);
	}
	t = tshm_xcalloc(1, sizeof(*t));
	t->s = s ? s : "";
	t->at = (uint32_t)w->string_size;
	HASH_ADD_KEYPTR(hh, w->texts, t->s, size - 1, t);
	memcpy(w->strings + w->string_size, t->s, size);
	w->string_size += size;
	return t->at;
}

static void put_entry(struct writer *w, uint64_t offset, const struct tshm_place *places, size_t count)
{
	TSHM_GROW(w->entries, w->entry_count, w->entry_capacity);
	w->entries[w->entry_count++] = (struct entry){ offset, (uint32_t)w->place_count, (uint32_t)count };
	for (size_t i = 0; i < count; i++) {
		TSHM_GROW(w->places, w->place_count, w->place_capacity);
		w->places[w->place_count++] = (struct place){
			put_string(w, places[i].function), put_string(w, places[i].file), places[i].line, places[i].inlined,
		};
	}
}

static int added_by_offset(const void *a, const void *b)
{
	const struct added *x = a, *y = b;

	return (x->offset > y->offset) - (x->offset < y->offset);
}

/* What was in the file and what was added, by offset; of both what was added. */
static void put_entries(struct writer *w, const struct tshm_cache *c, bool old_too)
{
	size_t old = 0, old_count = old_too && c->header ? c->header->entries : 0;
	struct tshm_places places = { 0 };

	for (size_t i = 0; i < c->added_count || old < old_count;) {
		const struct added *a = i < c->added_count ? &c->added[i] : NULL;
		const struct entry *e = old < old_count ? &c->entries[old] : NULL;

		if (a && (!e || a->offset <= e->offset)) {
			old += e && e->offset == a->offset;
			put_entry(w, a->offset, a->places, a->count);
			i++;
			continue;
		}
		if (counts(c, e)) {
			copy_places(c, e, &places);
			put_entry(w, e->offset, places.list, places.count);
		}
		old++;
	}
	free(places.list);
}

static size_t whole_size(const struct writer *w)
{
	return sizeof(w->header) + w->entry_count * sizeof(struct entry) + w->place_count * sizeof(struct place) +
	       w->string_size;
}

static void write_file(struct tshm_cache *c, struct writer *w)
{
	size_t size = whole_size(w), entries = w->entry_count * sizeof(struct entry);
	size_t places = w->place_count * sizeof(struct place);
	TSHM_AUTO_FREE uint8_t *bytes = tshm_xmalloc(size);
	uint8_t *at = bytes + sizeof(w->header);

	memcpy(w->header.magic, MAGIC, sizeof(w->header.magic));
	memcpy(w->header.build_id, c->build_id, sizeof(w->header.build_id));
	w->header.byte_order = ORDER;
	w->header.stamp = c->stamp;
	w->header.entries = (uint32_t)w->entry_count;
	w->header.places = (uint32_t)w->place_count;
	w->header.strings = (uint32_t)w->string_size;
	memcpy(at, w->entries, entries);
	memcpy(at + entries, w->places, places);
	memcpy(at + entries + places, w->strings, w->string_size);
	w->header.sum = tshm_cache_sum(0, at, size - sizeof(w->header));
	memcpy(bytes, &w->header, sizeof(w->header));
	tshm_cache_write(c->directory, c->name, bytes, size);
}

static void writer_clear(struct writer *w)
{
	struct text *t, *next;

	HASH_ITER(hh, w->texts, t, next) {
		HASH_DEL(w->texts, t);
		free(t);
	}
	free(w->entries);
	free(w->places);
	free(w->strings);
	memset(w, 0, sizeof(*w));
}

/* If the whole would be too large, then only what is new. */
static void save(struct tshm_cache *c)
{
	struct writer w = { 0 };

	/* Debugging information may have come while we looked. */
	c->is_old = c->is_old || (c->header && c->header->stamp != c->stamp);
	qsort(c->added, c->added_count, sizeof(*c->added), added_by_offset);
	for (int old_too = 1; old_too >= 0; old_too--) {
		put_string(&w, "");
		w.header.path = put_string(&w, c->path);
		w.header.debug_link = put_string(&w, c->debug_link);
		put_entries(&w, c, old_too);
		if (!w.too_large && whole_size(&w) <= TSHM_CACHE_FILE_MOST) {
			write_file(c, &w);
			break;
		}
		writer_clear(&w);
	}
	writer_clear(&w);
}

void tshm_cache_close(struct tshm_cache *c)
{
	if (c->added_count)
		save(c);
	for (size_t i = 0; i < c->added_count; i++)
		free(c->added[i].places);
	free(c->added);
	free(c->bytes);
	free(c->debug_link);
	free(c->path);
	free(c->name);
	free(c);
}
