/* SPDX-License-Identifier: MIT */
#include "symbol.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "debuginfod.h"
#include "symbol_cache.h"
#include "symbol_elf.h"

struct module {			/* one that a ledger names, keyed by path and build-id */
	char *key;
	struct tshm_cache *cache;
	UT_hash_handle hh;
};

struct known_frame {		/* keyed by module path, build-id, offset, and by image if there is no build-id */
	char *key;
	struct tshm_line *lines;
	size_t count;
	UT_hash_handle hh;
};

struct tshm_symbols {
	struct tshm_elf *files;
	struct module *modules;
	int cache;			/* the directory, or -1 */
	struct known_frame *frames;
	struct tshm_arena arena;
	struct tshm_places places;	/* of the frame that is looked up */
	char *(*demangle)(const char *, char *, size_t *, int *);
};

struct tshm_symbols *tshm_symbols_new(void)
{
	struct tshm_symbols *s = tshm_xcalloc(1, sizeof(*s));
	/*
	 * The demangler that every C++ program brings along; where there is none, names
	 * stay as they are.
	 */
	void *library = dlopen("libstdc++.so.6", RTLD_LAZY | RTLD_LOCAL);

	s->cache = -1;
	s->places.arena = &s->arena;
	if (library)
		s->demangle = (char *(*)(const char *, char *, size_t *, int *))dlsym(library, "__cxa_demangle");
	return s;
}

void tshm_symbols_keep(struct tshm_symbols *s)
{
	s->cache = tshm_cache_directory();
}

void tshm_symbols_free(struct tshm_symbols *s)
{
	struct tshm_elf *f, *next_file;
	struct known_frame *k, *next_frame;
	struct module *m, *next_module;

	if (!s)
		return;
	HASH_ITER(hh, s->modules, m, next_module) {
		HASH_DEL(s->modules, m);
		tshm_cache_close(m->cache);
		free(m->key);
		free(m);
	}
	if (s->cache >= 0)
		close(s->cache);
	HASH_ITER(hh, s->files, f, next_file) {
		HASH_DEL(s->files, f);
		tshm_elf_free(f);
	}
	HASH_ITER(hh, s->frames, k, next_frame) {
		HASH_DEL(s->frames, k);
		free(k->lines);
		free(k->key);
		free(k);
	}
	free(s->places.list);
	tshm_arena_free(&s->arena);
	free(s);
}

static struct tshm_elf *file_of(struct tshm_symbols *s, const char *path)
{
	struct tshm_elf *f;

	HASH_FIND_STR(s->files, path, f);
	if (f)
		return f;
	f = tshm_elf_open(path);
	HASH_ADD_KEYPTR(hh, s->files, f->path, strlen(f->path), f);
	return f;
}

static const char *demangled(struct tshm_symbols *s, const char *name)
{
	char *plain = NULL;
	const char *kept;
	int status = 0;

	if (!name)
		return NULL;
	if (s->demangle && !strncmp(name, "_Z", 2))
		plain = s->demangle(name, NULL, NULL, &status);
	kept = tshm_arena_strdup(&s->arena, plain ? plain : name);
	free(plain);
	return kept;
}

static struct tshm_line *add_line(struct known_frame *k)
{
	k->lines = tshm_xreallocarray(k->lines, k->count + 1, sizeof(*k->lines));
	memset(&k->lines[k->count], 0, sizeof(*k->lines));
	return &k->lines[k->count++];
}

/* What is kept of a module, or NULL if nothing is to be. */
static struct tshm_cache *cache_of(struct tshm_symbols *s, const char *path, const char *build_id)
{
	TSHM_AUTO_FREE char *key = NULL;
	struct module *m;

	if (s->cache < 0 || !build_id[0])
		return NULL;
	key = tshm_xasprintf("%s %s", build_id, path);
	HASH_FIND_STR(s->modules, key, m);
	if (!m) {
		m = tshm_xcalloc(1, sizeof(*m));
		m->key = tshm_xstrdup(key);
		m->cache = tshm_cache_open(s->cache, path, build_id);
		HASH_ADD_KEYPTR(hh, s->modules, m->key, strlen(m->key), m);
	}
	return m->cache;
}

static size_t python_frame(struct tshm_symbols *s, const struct tshm_image *im, const struct tshm_frame *f,
			   const struct tshm_line **lines)
{
	struct known_frame *k;
	char key[128];
	struct tshm_line *l;
	const char *text;

	snprintf(key, sizeof(key), "python %s %u %u %u", im->id, f->where, f->u.py.function, f->u.py.line);
	HASH_FIND_STR(s->frames, key, k);
	if (!k) {
		k = tshm_xcalloc(1, sizeof(*k));
		k->key = tshm_xstrdup(key);
		l = add_line(k);
		l->python = true;
		l->line = f->u.py.line;
		text = im->string(im, f->where, NULL);
		l->file = text ? tshm_arena_strdup(&s->arena, text) : NULL;
		text = im->string(im, f->u.py.function, NULL);
		l->function = text ? tshm_arena_strdup(&s->arena, text) : NULL;
		HASH_ADD_KEYPTR(hh, s->frames, k->key, strlen(k->key), k);
	}
	*lines = k->lines;
	return k->count;
}

/* Is the file on disk another one than the module that ran?  Without a build-id only its time can tell. */
static bool is_changed(const struct tshm_elf *f, const struct tshm_image *im, const char *build_id)
{
	if (build_id[0] || f->build_id[0])
		return strcmp(f->build_id, build_id) != 0;
	return im->header.start_wall && f->changed_wall > im->header.start_wall;
}

struct fate {			/* of a module's file */
	bool changed, gone;
};

/* The places of a frame in s->places: none if the file is not the one that ran. */
static struct fate look_up(struct tshm_symbols *s, const struct tshm_image *im, const char *path, const char *build_id,
			   uint64_t offset)
{
	struct tshm_cache *cache = cache_of(s, path, build_id);
	struct fate fate;
	struct tshm_elf *f;

	s->places.count = 0;
	if (cache && tshm_cache_find(cache, offset, false, &s->places))
		return (struct fate){ 0 };
	f = file_of(s, path);
	fate.gone = !f->module;
	fate.changed = f->module && is_changed(f, im, build_id);
	if (fate.gone || fate.changed) {
		/* It may be out of date, but there is nothing better. */
		if (cache && tshm_cache_find(cache, offset, true, &s->places) && s->places.list[0].function)
			return (struct fate){ 0 };
		s->places.count = 0;
		return fate;
	}
	tshm_elf_look_up(f, offset, &s->places);
	for (size_t i = 0; i < s->places.count; i++)
		s->places.list[i].function = demangled(s, s->places.list[i].function);
	/* What nobody answered for now may be answered the next time. */
	if (cache && !(tshm_debuginfod_gave_up() && !(s->places.count && s->places.list[0].line)))
		tshm_cache_add(cache, offset, &s->places, tshm_elf_debug_link(f));
	return fate;
}

static struct known_frame *native_frame(struct tshm_symbols *s, const struct tshm_image *im,
					const struct tshm_rmodule *m, uint64_t offset)
{
	const char *path = m ? m->path && *m->path ? m->path : im->exe : "";
	TSHM_AUTO_FREE char *key = NULL;
	struct fate fate = { 0 };
	struct known_frame *k;
	char build_id[41];

	tshm_elf_hex(build_id, m ? m->build_id : NULL, m ? m->build_id_size : 0);
	key = tshm_xasprintf("%s %s %llx %s", path, build_id, (unsigned long long)offset, build_id[0] ? "" : im->id);
	HASH_FIND_STR(s->frames, key, k);
	if (k)
		return k;
	k = tshm_xcalloc(1, sizeof(*k));
	s->places.count = 0;
	if (m)
		fate = look_up(s, im, path, build_id, offset);
	if (!s->places.count)
		tshm_places_add(&s->places);
	path = m ? tshm_arena_strdup(&s->arena, path) : NULL;
	for (size_t i = 0; i < s->places.count; i++) {
		const struct tshm_place *place = &s->places.list[i];
		struct tshm_line *l = add_line(k);

		*l = (struct tshm_line){
			.function = place->function, .file = place->file, .line = place->line, .inlined = place->inlined,
			.module = path, .offset = offset, .changed = fate.changed, .gone = fate.gone,
		};
		memcpy(l->build_id, build_id, sizeof(build_id));
	}
	k->key = tshm_xstrdup(key);
	HASH_ADD_KEYPTR(hh, s->frames, k->key, strlen(k->key), k);
	return k;
}

size_t tshm_symbols_frame(struct tshm_symbols *s, const struct tshm_image *im, const struct tshm_frame *frame,
			  const struct tshm_line **lines)
{
	const struct tshm_rmodule *m = frame->where && frame->where < im->module_count ?
		&im->modules[frame->where] : NULL;
	struct known_frame *k;

	if (frame->kind == TSHM_FRAME_PYTHON)
		return python_frame(s, im, frame, lines);
	k = native_frame(s, im, m, frame->u.offset);
	*lines = k->lines;
	return k->count;
}
