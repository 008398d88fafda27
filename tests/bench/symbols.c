/* SPDX-License-Identifier: MIT */
/*
 * symbols FILE [COUNT]: how long it takes to name COUNT distinct frames of an ELF file, spread
 * evenly over its code.  Three rounds, each as a report of its own: cold (nothing kept, and the
 * file not in memory), again, and once more.  -p prints what was found instead, a frame a line.
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
static Elf64_Addr code, code_end;

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

/* Where its code is, its build-id; and out of memory with it. */
static void look_at(const char *file)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	Elf64_Ehdr e;
	Elf64_Phdr p;

	if (fd < 0 || pread(fd, &e, sizeof(e), 0) != sizeof(e) || memcmp(e.e_ident, ELFMAG, SELFMAG) != 0 ||
	    e.e_ident[EI_CLASS] != ELFCLASS64)
		wrong("cannot read it, or no 64-bit ELF file", file);
	for (unsigned i = 0; i < e.e_phnum; i++) {
		if (pread(fd, &p, sizeof(p), (off_t)(e.e_phoff + i * sizeof(p))) != sizeof(p))
			wrong("cannot read it", file);
		if (p.p_type == PT_LOAD && p.p_flags & PF_X && p.p_memsz > code_end - code) {
			code = p.p_vaddr;
			code_end = p.p_vaddr + p.p_memsz;
		}
		if (p.p_type == PT_NOTE)
			take_build_id(fd, &p);
	}
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	close(fd);
	modules[1].path = file;
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

static double round_of(uint64_t count, bool printing, size_t *named, size_t *lines)
{
	double began = now();
	struct tshm_symbols *s = tshm_symbols_new();

	*named = *lines = 0;
	for (uint64_t i = 0; i < count; i++) {
		struct tshm_frame f = { .kind = TSHM_FRAME_NATIVE, .where = 1 };
		const struct tshm_line *l;
		size_t n;

		f.u.offset = code + 1 + (code_end - code) / count * i;
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
	static const char *const names[] = { "cold", "again", "once more" };
	bool printing = argc > 1 && !strcmp(argv[1], "-p");
	const char *file = argv[1 + printing];
	uint64_t count = file && argv[2 + printing] ? strtoull(argv[2 + printing], NULL, 10) : 10000;
	size_t named, lines;

	if (!file || !count) {
		fprintf(stderr, "Usage: symbols [-p] FILE [COUNT]\n");
		return 2;
	}
	look_at(file);
	if (printing) {
		round_of(count, true, &named, &lines);
		return 0;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		double seconds = round_of(count, false, &named, &lines);

		printf("%-10s %8.3f s  %zu frames, %zu named, %zu lines\n", names[i], seconds, (size_t)count, named, lines);
	}
	return 0;
}
