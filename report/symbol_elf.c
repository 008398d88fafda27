/* SPDX-License-Identifier: MIT */
#include "symbol_elf.h"

#include <elfutils/libdwelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "debuginfod.h"

void tshm_elf_hex(char to[41], const uint8_t *bytes, size_t size)
{
	to[0] = 0;
	for (size_t i = 0; i < size && i < 20; i++)
		snprintf(to + 2 * i, 3, "%02x", bytes[i]);
}

static void open_file(struct tshm_elf *f)
{
	static char *debug_path;	/* NULL: elfutils' own default */
	static const Dwfl_Callbacks callbacks = {
		.find_elf = dwfl_build_id_find_elf,
		.find_debuginfo = tshm_debuginfod_find,
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
		tshm_elf_hex(f->build_id, bits, (size_t)size);
}

struct tshm_elf *tshm_elf_open(const char *path)
{
	struct tshm_elf *f = tshm_xcalloc(1, sizeof(*f));

	f->path = tshm_xstrdup(path);
	open_file(f);
	return f;
}

void tshm_elf_free(struct tshm_elf *f)
{
	tshm_names_free(f->names);
	tshm_dwarf_free(f->dwarf);
	if (f->dwfl)
		dwfl_end(f->dwfl);
	free(f->path);
	free(f);
}

const char *tshm_elf_debug_link(struct tshm_elf *f)
{
	Elf *elf = dwfl_module_getelf(f->module, &f->bias);
	GElf_Word sum;

	return elf ? dwelf_elf_gnu_debuglink(elf, &sum) : NULL;
}

struct tshm_place *tshm_places_add(struct tshm_places *places)
{
	TSHM_GROW(places->list, places->count, places->capacity);
	memset(&places->list[places->count], 0, sizeof(*places->list));
	return &places->list[places->count++];
}

/*
 * Does a C++ name tell its namespace and its arguments?  Debugging information has only
 * the last part of it for a function that no other file can call; the symbol table has all.
 */
static bool is_whole(const char *name)
{
	return name && !strncmp(name, "_Z", 2);
}

void tshm_elf_look_up(struct tshm_elf *f, uint64_t offset, struct tshm_places *places)
{
	/* A return address: the call is the instruction before it. */
	Dwarf_Addr address = f->bias + offset - 1;
	struct tshm_place *outermost;
	const char *name;

	places->count = 0;
	tshm_dwarf_look_up(f, address, places);
	outermost = places->count ? &places->list[places->count - 1] : NULL;
	if (outermost && is_whole(outermost->function))
		return;
	name = tshm_names_find(f, address);
	if (name && (!outermost || !outermost->function || is_whole(name))) {
		outermost = outermost ? outermost : tshm_places_add(places);
		outermost->function = name;
	}
}
