/* SPDX-License-Identifier: MIT */
#include "symbol.h"

#include <dlfcn.h>
#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "xalloc.h"
#include <uthash.h>

#define SCOPES_MOST 64u	/* nested scopes of one address */

struct unit_range {		/* addresses of one compilation unit */
	Dwarf_Addr start, end;
	Dwarf_Die unit;
};

struct elf_file {		/* one module file, opened once */
	char *path;
	Dwfl *dwfl;
	Dwfl_Module *module;
	Dwarf_Addr bias;	/* what libdwfl adds to the file's addresses */
	char build_id[41];
	uint64_t changed_wall;	/* ns: when the file was last written */
	struct unit_range *units;	/* by address; made when it is first needed */
	size_t unit_count, unit_capacity;
	bool has_units;
	UT_hash_handle hh;
};

struct known_frame {		/* keyed by module path, build id, offset, and whether the file is still that one */
	char *key;
	struct tshm_line *lines;
	size_t count;
	UT_hash_handle hh;
};

struct tshm_symbols {
	struct elf_file *files;
	struct known_frame *frames;
	struct tshm_arena arena;
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

	if (library)
		s->demangle = (char *(*)(const char *, char *, size_t *, int *))dlsym(library, "__cxa_demangle");
	return s;
}

void tshm_symbols_free(struct tshm_symbols *s)
{
	struct elf_file *f, *next_file;
	struct known_frame *k, *next_frame;

	if (!s)
		return;
	HASH_ITER(hh, s->files, f, next_file) {
		HASH_DEL(s->files, f);
		if (f->dwfl)
			dwfl_end(f->dwfl);
		free(f->units);
		free(f->path);
		free(f);
	}
	HASH_ITER(hh, s->frames, k, next_frame) {
		HASH_DEL(s->frames, k);
		free(k->lines);
		free(k->key);
		free(k);
	}
	tshm_arena_free(&s->arena);
	free(s);
}

static void hex(char to[41], const uint8_t *bytes, size_t size)
{
	to[0] = 0;
	for (size_t i = 0; i < size && i < 20; i++)
		snprintf(to + 2 * i, 3, "%02x", bytes[i]);
}

static void open_file(struct elf_file *f)
{
	static char *debug_path;	/* NULL: elfutils' own default */
	static const Dwfl_Callbacks callbacks = {
		.find_elf = dwfl_build_id_find_elf,
		.find_debuginfo = dwfl_standard_find_debuginfo,
		.section_address = dwfl_offline_section_address,
		.debuginfo_path = &debug_path,
	};
	const unsigned char *bits;
	struct stat st;
	GElf_Addr at;
	int size;

	/* A module's path is the program's word: only a regular file is opened. */
	if (stat(f->path, &st) != 0 || !S_ISREG(st.st_mode))
		return;
	f->changed_wall = (uint64_t)st.st_mtim.tv_sec * 1000000000u + (uint64_t)st.st_mtim.tv_nsec;
	f->dwfl = dwfl_begin(&callbacks);
	if (!f->dwfl)
		return;
	dwfl_report_begin(f->dwfl);
	f->module = dwfl_report_offline(f->dwfl, f->path, f->path, -1);
	dwfl_report_end(f->dwfl, NULL, NULL);
	if (!f->module || !dwfl_module_getelf(f->module, &f->bias)) {
		f->module = NULL;
		return;
	}
	size = dwfl_module_build_id(f->module, &bits, &at);
	if (size > 0)
		hex(f->build_id, bits, (size_t)size);
}

static struct elf_file *file_of(struct tshm_symbols *s, const char *path)
{
	struct elf_file *f;

	HASH_FIND_STR(s->files, path, f);
	if (f)
		return f;
	f = tshm_xcalloc(1, sizeof(*f));
	f->path = tshm_xstrdup(path);
	open_file(f);
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

/* The function's name: the linkage name tells a C++ one in full. */
static const char *die_name(struct tshm_symbols *s, Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	const char *name = NULL;

	if (dwarf_attr_integrate(die, DW_AT_linkage_name, &attribute) ||
	    dwarf_attr_integrate(die, DW_AT_MIPS_linkage_name, &attribute))
		name = dwarf_formstring(&attribute);
	if (!name && dwarf_attr_integrate(die, DW_AT_name, &attribute))
		name = dwarf_formstring(&attribute);
	return demangled(s, name);
}

static struct tshm_line *add_line(struct known_frame *k)
{
	k->lines = tshm_xreallocarray(k->lines, k->count + 1, sizeof(*k->lines));
	memset(&k->lines[k->count], 0, sizeof(*k->lines));
	return &k->lines[k->count++];
}

static unsigned number_attribute(Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value = 0;

	if (!dwarf_attr(die, name, &attribute) || dwarf_formudata(&attribute, &value) != 0)
		return 0;
	return (unsigned)value;
}

/*
 * The functions around an address, outermost first: at most one that is not inlined.
 * (dwarf_getscopes() goes on from an inlined function with where that is defined, not
 * with what it was inlined into, and finds nothing where link-time optimisation has
 * put the two into different units.)
 */
static bool functions_of(Dwarf_Die *around, Dwarf_Addr address, Dwarf_Die *list, unsigned *count, unsigned depth)
{
	Dwarf_Die child;

	if (depth > SCOPES_MOST || dwarf_child(around, &child) != 0)
		return false;
	do {
		int tag = dwarf_tag(&child);

		if (dwarf_haspc(&child, address) > 0) {
			if ((tag == DW_TAG_subprogram || tag == DW_TAG_inlined_subroutine) && *count < SCOPES_MOST)
				list[(*count)++] = child;
			functions_of(&child, address, list, count, depth + 1);
			return true;
		}
		if ((tag == DW_TAG_namespace || tag == DW_TAG_module || tag == DW_TAG_structure_type ||
		     tag == DW_TAG_class_type) && functions_of(&child, address, list, count, depth + 1))
			return true;
	} while (dwarf_siblingof(&child, &child) == 0);
	return false;
}

/* A path of the line table; those that are not absolute are so to where the compiler ran. */
static const char *source_path(struct tshm_symbols *s, Dwarf_Die *cu, const char *path)
{
	Dwarf_Attribute attribute;
	const char *directory = NULL;
	TSHM_AUTO_FREE char *whole = NULL;

	if (path && path[0] != '/' && cu && dwarf_attr(cu, DW_AT_comp_dir, &attribute))
		directory = dwarf_formstring(&attribute);
	if (directory)
		whole = tshm_xasprintf("%s/%s", directory, path);
	return path ? tshm_arena_strdup(&s->arena, whole ? whole : path) : NULL;
}

/*
 * From the inside out: the line of the innermost function is the address's own; each
 * inlined one tells where it was called from, which is the line of the one around it.
 */
static void inlined_lines(struct tshm_symbols *s, struct known_frame *k, Dwarf_Die *cu, Dwarf_Addr address,
			  const char *file, unsigned line)
{
	Dwarf_Die functions[SCOPES_MOST];
	Dwarf_Files *files = NULL;
	unsigned count = 0;

	functions_of(cu, address, functions, &count, 0);
	if (dwarf_getsrcfiles(cu, &files, NULL) != 0)
		files = NULL;
	while (count--) {
		Dwarf_Die *function = &functions[count];
		struct tshm_line *l = add_line(k);
		const char *name;

		l->function = die_name(s, function);
		l->file = file;
		l->line = line;
		l->inlined = dwarf_tag(function) == DW_TAG_inlined_subroutine;
		if (!l->inlined)
			break;
		line = number_attribute(function, DW_AT_call_line);
		name = files ? dwarf_filesrc(files, number_attribute(function, DW_AT_call_file), NULL, NULL) : NULL;
		file = name ? source_path(s, cu, name) : file;
	}
}

static int by_start(const void *a, const void *b)
{
	const struct unit_range *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

static void index_units(struct elf_file *f)
{
	Dwarf_Addr bias, base, start, end;

	f->has_units = true;
	for (Dwarf_Die *cu = NULL; (cu = dwfl_module_nextcu(f->module, cu, &bias));) {
		for (ptrdiff_t at = 0; (at = dwarf_ranges(cu, at, &base, &start, &end)) > 0;) {
			if (end <= start)
				continue;
			TSHM_GROW(f->units, f->unit_count, f->unit_capacity);
			f->units[f->unit_count++] = (struct unit_range){ start + bias, end + bias, *cu };
		}
	}
	if (f->unit_count)
		qsort(f->units, f->unit_count, sizeof(*f->units), by_start);
}

/*
 * The compilation unit of an address, and what to take from the address inside of it.
 * libdwfl relies on .debug_aranges, which clang does not write: then the units
 * themselves are asked for their ranges.
 */
static Dwarf_Die *unit_of(struct elf_file *f, Dwarf_Addr address, Dwarf_Addr *bias)
{
	Dwarf_Die *cu = dwfl_module_addrdie(f->module, address, bias);
	size_t low = 0, high;

	if (cu || !dwfl_module_getdwarf(f->module, bias))
		return cu;
	if (!f->has_units)
		index_units(f);
	for (high = f->unit_count; low < high;) {
		size_t middle = low + (high - low) / 2;

		if (f->units[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low && address < f->units[low - 1].end ? &f->units[low - 1].unit : NULL;
}

static void look_up(struct tshm_symbols *s, struct known_frame *k, struct elf_file *f, uint64_t offset)
{
	/* A return address: the call is the instruction before it. */
	Dwarf_Addr address = f->bias + offset - 1, debug_bias = 0;
	Dwarf_Die *cu = unit_of(f, address, &debug_bias);
	Dwarf_Line *source = cu ? dwarf_getsrc_die(cu, address - debug_bias) : NULL;
	const char *file = NULL, *name;
	int line = 0;

	if (source && dwarf_lineno(source, &line) == 0)
		file = source_path(s, cu, dwarf_linesrc(source, NULL, NULL));
	if (cu)
		inlined_lines(s, k, cu, address - debug_bias, file, (unsigned)line);
	name = dwfl_module_addrname(f->module, address);
	if (!k->count) {
		struct tshm_line *l = add_line(k);

		l->file = file;
		l->line = (unsigned)line;
	}
	if (!k->lines[k->count - 1].function)
		k->lines[k->count - 1].function = demangled(s, name);
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
static bool is_changed(const struct elf_file *f, const struct tshm_image *im, const char *build_id)
{
	if (build_id[0] || f->build_id[0])
		return strcmp(f->build_id, build_id) != 0;
	return im->header.start_wall && f->changed_wall > im->header.start_wall;
}

static struct known_frame *native_frame(struct tshm_symbols *s, const struct tshm_image *im,
					const struct tshm_rmodule *m, uint64_t offset)
{
	const char *path = m ? m->path && *m->path ? m->path : im->exe : "";
	struct elf_file *f = m ? file_of(s, path) : NULL;
	TSHM_AUTO_FREE char *key = NULL;
	struct known_frame *k;
	char build_id[41];
	bool changed;

	hex(build_id, m ? m->build_id : NULL, m ? m->build_id_size : 0);
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
