/* SPDX-License-Identifier: MIT */
#include "symbol.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "symbol_elf.h"

struct known_frame {		/* keyed by module path, build id, offset, and whether the file is still that one */
	char *key;
	struct tshm_line *lines;
	size_t count;
	UT_hash_handle hh;
};

struct tshm_symbols {
	struct tshm_elf *files;
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

	s->places.arena = &s->arena;
	if (library)
		s->demangle = (char *(*)(const char *, char *, size_t *, int *))dlsym(library, "__cxa_demangle");
	return s;
}

void tshm_symbols_free(struct tshm_symbols *s)
{
	struct tshm_elf *f, *next_file;
	struct known_frame *k, *next_frame;

	if (!s)
		return;
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

static void look_up(struct tshm_symbols *s, struct known_frame *k, struct tshm_elf *f, uint64_t offset)
{
	tshm_elf_look_up(f, offset, &s->places);
	for (size_t i = 0; i < s->places.count; i++) {
		const struct tshm_place *place = &s->places.list[i];
		struct tshm_line *l = add_line(k);

		l->function = demangled(s, place->function);
		l->file = place->file;
		l->line = place->line;
		l->inlined = place->inlined;
	}
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

static struct known_frame *native_frame(struct tshm_symbols *s, const struct tshm_image *im,
					const struct tshm_rmodule *m, uint64_t offset)
{
	const char *path = m ? m->path && *m->path ? m->path : im->exe : "";
	struct tshm_elf *f = m ? file_of(s, path) : NULL;
	TSHM_AUTO_FREE char *key = NULL;
	struct known_frame *k;
	char build_id[41];
	bool changed;

	tshm_elf_hex(build_id, m ? m->build_id : NULL, m ? m->build_id_size : 0);
	changed = f && f->module && is_changed(f, im, build_id);
	key = tshm_xasprintf("%s %s %llx %d", path, build_id, (unsigned long long)offset, changed);
	HASH_FIND_STR(s->frames, key, k);
	if (k)
		return k;
	k = tshm_xcalloc(1, sizeof(*k));
	if (f && f->module && !changed)
		look_up(s, k, f, offset);
	if (!k->count)
		add_line(k);
	path = m ? tshm_arena_strdup(&s->arena, path) : NULL;
	for (size_t i = 0; i < k->count; i++) {
		k->lines[i].module = path;
		k->lines[i].offset = offset;
		k->lines[i].changed = changed;
		k->lines[i].gone = f && !f->module;
		memcpy(k->lines[i].build_id, build_id, sizeof(build_id));
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
