/* SPDX-License-Identifier: MIT */
#include "loaded.h"

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "proc.h"
#include "xalloc.h"

#define HEADERS_MOST 64u	/* program headers */
#define NOTES_MOST 4096u	/* bytes of them */

bool tshm_loaded_bytes(const struct tshm_loaded *l, uint64_t address, void *to, size_t size)
{
	return address <= INT64_MAX && pread(l->mem, to, size, (off_t)address) == (ssize_t)size;
}

/* ---- mappings ---- */

static bool is_regular(const char *path)
{
	struct stat st;

	return path[0] == '/' && stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* start-end rwxp offset major:minor inode   path */
static bool parse(const char *line, struct tshm_loaded_map *m)
{
	static const char deleted[] = " (deleted)";
	unsigned long long start, end, offset, ino;
	unsigned major_number, minor_number;
	char rights[5];
	int path = 0;
	size_t n;

	if (sscanf(line, "%llx-%llx %4s %llx %x:%x %llu %n", &start, &end, rights, &offset, &major_number, &minor_number,
		   &ino, &path) != 7 || !path || end <= start)
		return false;
	*m = (struct tshm_loaded_map){ .start = start, .end = end, .offset = offset, .ino = ino,
				       .dev = makedev(major_number, minor_number), .runs = rights[2] == 'x' };
	m->path = tshm_xstrdup(line + path);
	n = strlen(m->path);
	if (n > sizeof(deleted) - 1 && !strcmp(m->path + n - (sizeof(deleted) - 1), deleted))
		m->path[n - (sizeof(deleted) - 1)] = 0;
	/* One look at each file is enough, and only what runs is ever opened. */
	m->is_file = m->runs && is_regular(m->path);
	return true;
}

int tshm_loaded_read(struct tshm_loaded *l, pid_t pid, int mem)
{
	TSHM_AUTO_FREE char *text = NULL;
	int error;

	memset(l, 0, sizeof(*l));
	l->mem = mem;
	error = tshm_proc_text(pid, "maps", &text);
	if (error)
		return error;
	for (char *line = text, *next; *line; line = next) {
		struct tshm_loaded_map m;

		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = 0;
		if (!parse(line, &m))
			continue;
		TSHM_GROW(l->maps, l->map_count, l->map_capacity);
		l->maps[l->map_count++] = m;
	}
	return 0;
}

const struct tshm_loaded_map *tshm_loaded_map(const struct tshm_loaded *l, uint64_t address)
{
	size_t low = 0, high = l->map_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (l->maps[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < l->map_count && l->maps[low].start <= address ? &l->maps[low] : NULL;
}

/* ---- modules ---- */

/* The build-id among the notes that lie in the process's memory. */
static void find_build_id(const struct tshm_loaded *l, struct tshm_loaded_module *m, uint64_t at, uint64_t size)
{
	uint8_t notes[NOTES_MOST];
	size_t left = size < sizeof(notes) ? (size_t)size : sizeof(notes), i = 0;
	Elf64_Nhdr note;

	if (!tshm_loaded_bytes(l, at, notes, left))
		return;
	while (left - i >= sizeof(note)) {
		uint64_t name, value;

		memcpy(&note, notes + i, sizeof(note));
		i += sizeof(note);
		name = ((uint64_t)note.n_namesz + 3) & ~3ull;
		value = ((uint64_t)note.n_descsz + 3) & ~3ull;
		if (name + value > left - i)
			return;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && !memcmp(notes + i, "GNU", 4) &&
		    note.n_descsz <= sizeof(m->build_id)) {
			memcpy(m->build_id, notes + i + name, note.n_descsz);
			m->build_id_size = note.n_descsz;
			return;
		}
		i += (size_t)(name + value);
	}
}

/* False unless its headers are an ELF file's of 64 bits. */
static bool read_headers(const struct tshm_loaded *l, struct tshm_loaded_module *m)
{
	Elf64_Phdr headers[HEADERS_MOST];
	Elf64_Ehdr e;
	unsigned count;
	bool found = false;

	if (!tshm_loaded_bytes(l, m->start, &e, sizeof(e)) || memcmp(e.e_ident, ELFMAG, SELFMAG) ||
	    e.e_ident[EI_CLASS] != ELFCLASS64 || e.e_phentsize != sizeof(headers[0]))
		return false;
	count = e.e_phnum < HEADERS_MOST ? e.e_phnum : HEADERS_MOST;
	if (!tshm_loaded_bytes(l, m->start + e.e_phoff, headers, count * sizeof(headers[0])))
		return false;
	for (unsigned i = 0; i < count && !found; i++)
		if (headers[i].p_type == PT_LOAD) {	/* the first has the file's first bytes */
			m->bias = m->start - (headers[i].p_vaddr - headers[i].p_offset);
			found = true;
		}
	for (unsigned i = 0; i < count && found && !m->build_id_size; i++)
		if (headers[i].p_type == PT_NOTE)
			find_build_id(l, m, m->bias + headers[i].p_vaddr, headers[i].p_filesz);
	return found;
}

/* Where the file begins whose part `map` is: the nearest mapping of its first bytes below. */
static const struct tshm_loaded_map *first_of(const struct tshm_loaded *l, const struct tshm_loaded_map *map)
{
	for (const struct tshm_loaded_map *m = map; m >= l->maps; m--)
		if (m->ino == map->ino && m->dev == map->dev && !m->offset && !strcmp(m->path, map->path))
			return m;
	return NULL;
}

ptrdiff_t tshm_loaded_module(struct tshm_loaded *l, uint64_t address)
{
	const struct tshm_loaded_map *map = tshm_loaded_map(l, address), *first;
	struct tshm_loaded_module m = { 0 };

	if (!map || map->path[0] != '/')
		return -1;
	first = first_of(l, map);
	m.start = first ? first->start : map->start;
	for (size_t i = 0; i < l->module_count; i++)
		if (l->modules[i].start == m.start)
			return (ptrdiff_t)i;
	m.path = map->path;
	if (!first || !read_headers(l, &m))
		m.bias = map->start - map->offset;	/* the offset in the file, then */
	TSHM_GROW(l->modules, l->module_count, l->module_capacity);
	l->modules[l->module_count] = m;
	return (ptrdiff_t)l->module_count++;
}
