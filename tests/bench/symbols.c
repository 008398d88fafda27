/* SPDX-License-Identifier: MIT */
/*
 * symbols [-c] [-p] FILE [COUNT]: how long it takes to name COUNT distinct frames of an ELF file,
 * spread evenly over the functions of its symbol table.  Three rounds, each as a report of its own; before the first the
 * file is put out of memory.  -c: with the cache under $XDG_CACHE_HOME, which the first round
 * fills if it is empty.  -p: one round, and what was found, a frame a line.
 */
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../../report/symbol.h"
#include "../../report/xalloc.h"

static const char *string_of(const struct tshm_image *im, uint32_t number, uint32_t *length)
{
	(void)im, (void)number;
	if (length)
		*length = 0;
	return NULL;
}

static struct tshm_rmodule modules[2];
static struct tshm_image image = { .modules = modules, .module_count = 2, .string = string_of, .exe = "" };
static struct function { Elf64_Addr at, size; } *functions;
static size_t function_count, function_capacity;
static bool caching, printing;

static _Noreturn void wrong(const char *what, const char *file)
{
	fprintf(stderr, "symbols: %s: %s\n", file, what);
	exit(1);
}

static void take_build_id(int fd, const Elf64_Phdr *p)
{
	struct { Elf64_Nhdr header; char name[4]; uint8_t id[20]; } note;

	for (Elf64_Off at = 0; at + sizeof(note.header) < p->p_filesz;) {
		if (pread(fd, &note, sizeof(note), (off_t)(p->p_offset + at)) < (ssize_t)sizeof(note.header))
			return;
		if (note.header.n_type == NT_GNU_BUILD_ID && note.header.n_descsz <= sizeof(note.id)) {
			modules[1].build_id_size = note.header.n_descsz;
			memcpy(modules[1].build_id, note.id, note.header.n_descsz);
			return;
		}
		at += sizeof(note.header) + ((note.header.n_namesz + 3) & ~3u) + ((note.header.n_descsz + 3) & ~3u);
	}
}

static void read_at(int fd, void *to, size_t size, Elf64_Off at, const char *file)
{
	if (pread(fd, to, size, (off_t)at) != (ssize_t)size)
		wrong("cannot read it", file);
}

static int by_address(const void *a, const void *b)
{
	const struct function *x = a, *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

static void take_functions(int fd, const Elf64_Shdr *table, const char *file)
{
	TSHM_AUTO_FREE Elf64_Sym *symbols = tshm_xmalloc(table->sh_size + 1);
	size_t count = 0;

	read_at(fd, symbols, table->sh_size, table->sh_offset, file);
	for (size_t i = 0; i < table->sh_size / sizeof(*symbols); i++) {
		if (ELF64_ST_TYPE(symbols[i].st_info) != STT_FUNC || !symbols[i].st_shndx || !symbols[i].st_size)
			continue;
		TSHM_GROW(functions, function_count, function_capacity);
		functions[function_count++] = (struct function){ symbols[i].st_value, symbols[i].st_size };
	}
	if (function_count)
		qsort(functions, function_count, sizeof(*functions), by_address);
	for (size_t i = 0; i < function_count; i++)	/* one has several names */
		if (!count || functions[count - 1].at != functions[i].at)
			functions[count++] = functions[i];
	function_count = count;
}

/* Its functions, its build-id; and out of memory with it. */
static void look_at(const char *file)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	Elf64_Shdr s, table = { 0 };
	Elf64_Ehdr e;
	Elf64_Phdr p;

	if (fd < 0)
		wrong("cannot open it", file);
	read_at(fd, &e, sizeof(e), 0, file);
	if (memcmp(e.e_ident, ELFMAG, SELFMAG) != 0 || e.e_ident[EI_CLASS] != ELFCLASS64)
		wrong("no 64-bit ELF file", file);
	for (unsigned i = 0; i < e.e_phnum; i++) {
		read_at(fd, &p, sizeof(p), e.e_phoff + i * sizeof(p), file);
		if (p.p_type == PT_NOTE)
			take_build_id(fd, &p);
	}
	for (unsigned i = 0; i < e.e_shnum; i++) {
		read_at(fd, &s, sizeof(s), e.e_shoff + i * sizeof(s), file);
		if (s.sh_type == SHT_SYMTAB || (s.sh_type == SHT_DYNSYM && !table.sh_type))
			table = s;
	}
	if (table.sh_type)
		take_functions(fd, &table, file);
	if (!function_count)
		wrong("no functions in its symbol table", file);
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	close(fd);
	modules[1].path = file;
}

/* Of one function if there are as many; of more than one place in each otherwise.  Never the first byte. */
static uint64_t offset_of(uint64_t i, uint64_t count)
{
	uint64_t rounds = (count + function_count - 1) / function_count;
	const struct function *f = &functions[rounds > 1 ? i % function_count : i * function_count / count];

	return f->at + 1 + (f->size - 1) * (2 * (i / function_count) + 1) / (2 * rounds);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void print(uint64_t offset, const struct tshm_line *l, size_t count)
{
	printf("%llx", (unsigned long long)offset);
	for (size_t i = 0; i < count; i++)
		printf("\t%s%s %s:%u", l[i].inlined ? "+" : "", l[i].function ? l[i].function : "?",
		       l[i].file ? l[i].file : "?", l[i].line);
	printf("\n");
}

static double round_of(uint64_t count, size_t *named, size_t *lines)
{
	double began = now();
	struct tshm_symbols *s = tshm_symbols_new();

	if (caching)
		tshm_symbols_keep(s);
	*named = *lines = 0;
	for (uint64_t i = 0; i < count; i++) {
		struct tshm_frame f = { .kind = TSHM_FRAME_NATIVE, .where = 1 };
		const struct tshm_line *l;
		size_t n;

		f.u.offset = offset_of(i, count);
		n = tshm_symbols_frame(s, &image, &f, &l);
		*named += l[n - 1].function != NULL;
		*lines += n;
		if (printing)
			print(f.u.offset, l, n);
	}
	tshm_symbols_free(s);
	return now() - began;
}

int main(int argc, char **argv)
{
	const char *file;
	uint64_t count;
	size_t named, lines;
	int option;

	while ((option = getopt(argc, argv, "cp")) != -1) {
		caching = caching || option == 'c';
		printing = printing || option == 'p';
	}
	file = argv[optind];
	count = file && argv[optind + 1] ? strtoull(argv[optind + 1], NULL, 10) : 10000;
	if (!file || !count) {
		fprintf(stderr, "Usage: symbols [-c] [-p] FILE [COUNT]\n");
		return 2;
	}
	look_at(file);
	for (unsigned i = 1; i <= (printing ? 1 : 3); i++) {
		double seconds = round_of(count, &named, &lines);

		if (!printing)
			printf("round %u: %.3f s for %zu frames, %zu named, %zu lines\n", i, seconds, (size_t)count, named, lines);
	}
	return 0;
}
