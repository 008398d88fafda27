/* SPDX-License-Identifier: MIT */
/*
 * Debugging information by address: the compilation unit, in it the function, in that
 * what was inlined.  Each is indexed when it is first needed.
 */
#include <dwarf.h>
#include <stdlib.h>

#include "spans.h"
#include "symbol_elf.h"

#define SCOPES_MOST 64u	/* nested scopes of one address */

struct unit {			/* its functions by address */
	void *key;
	Dwarf_Die root;		/* what has the functions: with split DWARF it is in another file */
	Dwarf_Files *files;	/* of DW_AT_call_file */
	struct tshm_spans spans;
	Dwarf_Die *functions;
	size_t count, capacity;
	UT_hash_handle hh;
};

struct tshm_dwarf {
	struct unit *units;
	struct tshm_spans spans;	/* of all units, where .debug_aranges does not know the address */
	Dwarf_Die *list;
	size_t count, capacity;
	bool listed;
};

static unsigned number_attribute(Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value = 0;

	if (!dwarf_attr(die, name, &attribute) || dwarf_formudata(&attribute, &value) != 0)
		return 0;
	return (unsigned)value;
}

/* The function's name: the linkage name tells a C++ one in full. */
static const char *name_of(Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	const char *name = NULL;

	if (dwarf_attr_integrate(die, DW_AT_linkage_name, &attribute) ||
	    dwarf_attr_integrate(die, DW_AT_MIPS_linkage_name, &attribute))
		name = dwarf_formstring(&attribute);
	if (!name && dwarf_attr_integrate(die, DW_AT_name, &attribute))
		name = dwarf_formstring(&attribute);
	return name;
}

/* A path of the line table; those that are not absolute are so to where the compiler ran. */
static const char *source_path(struct tshm_arena *arena, Dwarf_Die *cu, const char *path)
{
	Dwarf_Attribute attribute;
	const char *directory = NULL;
	TSHM_AUTO_FREE char *whole = NULL;

	if (path && path[0] != '/' && dwarf_attr(cu, DW_AT_comp_dir, &attribute))
		directory = dwarf_formstring(&attribute);
	if (directory)
		whole = tshm_xasprintf("%s/%s", directory, path);
	return path ? tshm_arena_strdup(arena, whole ? whole : path) : NULL;
}

/* ---- units ---- */

static void add_ranges(struct tshm_spans *spans, Dwarf_Die *die, uint32_t value, Dwarf_Addr bias)
{
	Dwarf_Addr base, start, end;

	for (ptrdiff_t at = 0; (at = dwarf_ranges(die, at, &base, &start, &end)) > 0;)
		if (end > start)
			tshm_spans_add(spans, start + bias, end + bias, value, 0);
}

static void list_units(struct tshm_elf *f, struct tshm_dwarf *d)
{
	Dwarf_Addr bias;

	d->listed = true;
	for (Dwarf_Die *cu = NULL; (cu = dwfl_module_nextcu(f->module, cu, &bias));) {
		TSHM_GROW(d->list, d->count, d->capacity);
		d->list[d->count] = *cu;
		add_ranges(&d->spans, cu, (uint32_t)d->count++, bias);
	}
}

/*
 * The compilation unit of an address, and what to take from the address inside of it.
 * libdwfl relies on .debug_aranges, which clang does not write: then the units
 * themselves are asked for their ranges.
 */
static Dwarf_Die *unit_die(struct tshm_elf *f, Dwarf_Addr address, Dwarf_Addr *bias)
{
	Dwarf_Die *cu = dwfl_module_addrdie(f->module, address, bias);
	uint32_t i;

	if (cu || !dwfl_module_getdwarf(f->module, bias))
		return cu;
	if (!f->dwarf->listed)
		list_units(f, f->dwarf);
	i = tshm_spans_find(&f->dwarf->spans, address);
	return i == TSHM_SPANS_NONE ? NULL : &f->dwarf->list[i];
}

/* ---- functions ---- */

/* All functions that have code, in classes and namespaces too, and functions of functions. */
static void list_functions(struct unit *u, Dwarf_Die *around, unsigned depth)
{
	Dwarf_Die child;

	if (depth > SCOPES_MOST || dwarf_child(around, &child) != 0)
		return;
	do {
		switch (dwarf_tag(&child)) {
		case DW_TAG_subprogram:
			TSHM_GROW(u->functions, u->count, u->capacity);
			u->functions[u->count] = child;
			add_ranges(&u->spans, &child, (uint32_t)u->count++, 0);
			break;
		case DW_TAG_namespace:
		case DW_TAG_module:
		case DW_TAG_structure_type:
		case DW_TAG_class_type:
		case DW_TAG_union_type:
			list_functions(u, &child, depth + 1);
			break;
		}
	} while (dwarf_siblingof(&child, &child) == 0);
}

static struct unit *unit_of(struct tshm_dwarf *d, Dwarf_Die *cu)
{
	void *key = cu->cu;
	struct unit *u;
	uint8_t type;
	Dwarf_Die split;

	HASH_FIND_PTR(d->units, &key, u);
	if (u)
		return u;
	u = tshm_xcalloc(1, sizeof(*u));
	u->key = key;
	u->root = *cu;
	if (dwarf_cu_info(cu->cu, NULL, &type, NULL, &split, NULL, NULL, NULL) == 0 && type == DW_UT_skeleton && split.addr)
		u->root = split;
	if (dwarf_getsrcfiles(&u->root, &u->files, NULL) != 0 && dwarf_getsrcfiles(cu, &u->files, NULL) != 0)
		u->files = NULL;
	list_functions(u, &u->root, 0);
	HASH_ADD_PTR(d->units, key, u);
	return u;
}

/*
 * What was inlined around an address, outermost first.
 * (dwarf_getscopes() goes on from an inlined function with where that is defined, not
 * with what it was inlined into, and finds nothing where link-time optimisation has
 * put the two into different units.)
 */
static void list_inlined(Dwarf_Die *around, Dwarf_Addr address, Dwarf_Die *list, unsigned *count)
{
	Dwarf_Die scope = *around, child;

	for (unsigned depth = 0; depth < SCOPES_MOST && *count < SCOPES_MOST; depth++) {
		if (dwarf_child(&scope, &child) != 0)
			return;
		while (dwarf_haspc(&child, address) <= 0)
			if (dwarf_siblingof(&child, &child) != 0)
				return;
		scope = child;
		if (dwarf_tag(&scope) == DW_TAG_inlined_subroutine)
			list[(*count)++] = scope;
	}
}

/*
 * From the inside out: the line of the innermost function is the address's own; each
 * inlined one tells where it was called from, which is the line of the one around it.
 */
static void add_functions(struct unit *u, Dwarf_Die *cu, Dwarf_Addr address, struct tshm_place at,
			  struct tshm_places *places)
{
	uint32_t i = tshm_spans_find(&u->spans, address);
	Dwarf_Die list[SCOPES_MOST + 1];
	unsigned count = 1;

	if (i == TSHM_SPANS_NONE)
		return;
	list[0] = u->functions[i];
	list_inlined(&list[0], address, list, &count);
	while (count--) {
		struct tshm_place *place = tshm_places_add(places);
		const char *file;

		at.function = name_of(&list[count]);
		at.inlined = count > 0;
		*place = at;
		if (!count)
			break;
		at.line = number_attribute(&list[count], DW_AT_call_line);
		file = u->files ? dwarf_filesrc(u->files, number_attribute(&list[count], DW_AT_call_file), NULL, NULL) : NULL;
		at.file = file ? source_path(places->arena, cu, file) : at.file;
	}
}

void tshm_dwarf_look_up(struct tshm_elf *f, Dwarf_Addr address, struct tshm_places *places)
{
	struct tshm_place at = { 0 };
	Dwarf_Addr bias = 0;
	Dwarf_Line *source;
	Dwarf_Die *cu;
	int line = 0;

	if (!f->dwarf)
		f->dwarf = tshm_xcalloc(1, sizeof(*f->dwarf));
	cu = unit_die(f, address, &bias);
	if (!cu)
		return;
	source = dwarf_getsrc_die(cu, address - bias);
	if (source && dwarf_lineno(source, &line) == 0) {
		at.file = source_path(places->arena, cu, dwarf_linesrc(source, NULL, NULL));
		at.line = (unsigned)line;
	}
	add_functions(unit_of(f->dwarf, cu), cu, address - bias, at, places);
	if (!places->count && at.file)
		*tshm_places_add(places) = at;
}

void tshm_dwarf_free(struct tshm_dwarf *d)
{
	struct unit *u, *next;

	if (!d)
		return;
	HASH_ITER(hh, d->units, u, next) {
		HASH_DEL(d->units, u);
		tshm_spans_free(&u->spans);
		free(u->functions);
		free(u);
	}
	tshm_spans_free(&d->spans);
	free(d->list);
	free(d);
}
