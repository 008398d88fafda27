/* SPDX-License-Identifier: MIT */
/* From return addresses of this very program to functions, files and lines. */
#include <elf.h>
#include <link.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../report/trace.h"
#include "../../report/xalloc.h"

static char directory[] = "/tmp/test_symbol.XXXXXX";
static char self[4096], copy[4200];

/* ---- the program that is looked at: this one ---- */

static uintptr_t bias, seen;
static uint8_t build_id[20];
static unsigned build_id_size;
static unsigned line_of_plain, line_of_inner, line_of_outer;

static void __attribute__((noinline)) record(void)
{
	seen = (uintptr_t)__builtin_return_address(0);
	__asm__ volatile("" ::: "memory");
}

static void __attribute__((noinline)) plain_caller(void)
{
	line_of_plain = __LINE__ + 1;
	record();
	__asm__ volatile("");	/* no tail call */
}

static inline void __attribute__((always_inline)) inner(void)
{
	line_of_inner = __LINE__ + 1;
	record();
	__asm__ volatile("");
}

static inline void __attribute__((always_inline)) middle(void)
{
	inner();
}

static void __attribute__((noinline)) outer(void)
{
	line_of_outer = __LINE__ + 1;
	middle();
}

#include "include/c++/member.h"

static inline void __attribute__((always_inline)) user_of_member(void)
{
	member();
}

static void __attribute__((noinline)) around_user(void)
{
	user_of_member();
}

/* The name that a C++ compiler would give to tshm::test::leaks(int). */
void cpp_caller(int) __asm__("_ZN4tshm4test5leaksEi");
void __attribute__((noinline)) cpp_caller(int n)
{
	__asm__ volatile("" :: "r"(n));
	record();
	__asm__ volatile("");
}

/* One that no other file can call: debugging information has only what stands here. */
static void cpp_static(int) __asm__("_ZN4tshm4test5quietEi");
static void __attribute__((noinline)) cpp_static(int n)
{
	__asm__ volatile("nop" :: "r"(n));	/* or it would be the same as the other */
	record();
	__asm__ volatile("");
}

static void take_build_id(const uint8_t *note, size_t size)
{
	while (size >= sizeof(ElfW(Nhdr))) {
		const ElfW(Nhdr) *n = (const ElfW(Nhdr) *)(const void *)note;
		size_t whole = sizeof(*n) + ((n->n_namesz + 3u) & ~3u) + ((n->n_descsz + 3u) & ~3u);

		if (n->n_type == NT_GNU_BUILD_ID && n->n_descsz <= sizeof(build_id)) {
			build_id_size = n->n_descsz;
			memcpy(build_id, note + sizeof(*n) + ((n->n_namesz + 3u) & ~3u), build_id_size);
		}
		if (whole > size)
			break;
		note += whole;
		size -= whole;
	}
}

/* The first is the program itself. */
static int look_at_program(struct dl_phdr_info *info, size_t size, void *data)
{
	(void)size;
	(void)data;
	bias = info->dlpi_addr;
	for (unsigned i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_NOTE)
			take_build_id((const uint8_t *)(bias + info->dlpi_phdr[i].p_vaddr), info->dlpi_phdr[i].p_memsz);
	return 1;
}

/* ---- what a ledger would tell of it ---- */

static const char *string_of(const struct tshm_image *im, uint32_t number, uint32_t *length)
{
	static const char *const strings[] = { NULL, "/srv/train/loader.py", "make_batch" };
	const char *s = number < 3 ? strings[number] : NULL;

	(void)im;
	if (length)
		*length = s ? (uint32_t)strlen(s) : 0;
	return s;
}

static struct tshm_rmodule modules[2];
static struct tshm_site site[2];
static struct tshm_image image = {
	.exe = self, .modules = modules, .module_count = 2, .sites = site, .site_count = 2, .string = string_of,
};

static void set_module(const char *path)
{
	modules[1].path = path;
	modules[1].build_id_size = build_id_size;
	memcpy(modules[1].build_id, build_id, sizeof(build_id));
}

static struct tshm_frame frame_at(uintptr_t address)
{
	struct tshm_frame f = { .kind = TSHM_FRAME_NATIVE, .where = 1 };

	f.u.offset = address - bias;
	return f;
}

static size_t look_up(struct tshm_symbols *s, uintptr_t address, const struct tshm_line **lines)
{
	struct tshm_frame f = frame_at(address);

	return tshm_symbols_frame(s, &image, &f, lines);
}

static void assert_written(const struct tshm_line *l, const char *text)
{
	char *written = tshm_trace_line(l);

	assert_non_null(strstr(written, text));
	free(written);
}

static bool strip(const char *option)
{
	TSHM_AUTO_FREE char *command = tshm_xasprintf("cp '%s' '%s' && strip %s '%s' 2>/dev/null", self, copy, option, copy);

	return system(command) == 0;
}

/* ---- tests ---- */

static void test_function_and_line(void **state)
{
	struct tshm_symbols *s = tshm_symbols_new();
	const struct tshm_line *l, *again;

	(void)state;
	set_module(self);
	plain_caller();
	assert_int_equal(look_up(s, seen, &l), 1);
	assert_string_equal(l->function, "plain_caller");
	assert_int_equal(l->line, line_of_plain);
	assert_int_equal(l->file[0], '/');
	assert_non_null(strstr(l->file, "test_symbol.c"));
	assert_false(l->inlined || l->changed || l->gone || l->python);
	assert_written(l, "plain_caller (test_symbol.c:");
	assert_int_equal(look_up(s, seen, &again), 1);
	assert_ptr_equal(l, again);	/* looked up once */
	tshm_symbols_free(s);
}

/*
 * dwarf_getscopes() tells where an inlined function is defined, not into what it was
 * inlined: with it alone, everything between the innermost and nothing was lost.
 */
static void test_inlined(void **state)
{
	struct tshm_symbols *s = tshm_symbols_new();
	const struct tshm_line *l;

	(void)state;
	set_module(self);
	outer();
	assert_int_equal(look_up(s, seen, &l), 3);
	assert_string_equal(l[0].function, "inner");
	assert_int_equal(l[0].line, line_of_inner);
	assert_string_equal(l[1].function, "middle");
	assert_string_equal(l[2].function, "outer");
	assert_int_equal(l[2].line, line_of_outer);
	assert_true(l[0].inlined && l[1].inlined && !l[2].inlined);
	tshm_symbols_free(s);
}

static void test_whole_name(void **state)
{
	struct tshm_symbols *s = tshm_symbols_new();
	const struct tshm_line *l;

	(void)state;
	set_module(self);
	cpp_static(1);
	assert_int_equal(look_up(s, seen, &l), 1);
	assert_non_null(strstr(l->function, "tshm::test::quiet(int)"));	/* and [clone ...] */
	assert_non_null(l->file);
	tshm_symbols_free(s);
}

static void test_without_debug_information(void **state)
{
	struct tshm_symbols *s = tshm_symbols_new();
	const struct tshm_line *l;

	(void)state;
	if (!strip("-g"))
		skip();
	set_module(copy);
	plain_caller();
	assert_int_equal(look_up(s, seen, &l), 1);
	assert_string_equal(l->function, "plain_caller");
	assert_null(l->file);
	assert_written(l, "plain_caller (in copy+0x");
	cpp_caller(1);
	assert_int_equal(look_up(s, seen, &l), 1);
	assert_non_null(strstr(l->function, "tshm::test::leaks(int)"));	/* link-time optimisation adds [clone ...] */
	tshm_symbols_free(s);
}

static void test_stripped(void **state)
{
	struct tshm_symbols *s = tshm_symbols_new();
	const struct tshm_line *l;
	char text[64];

	(void)state;
	if (!strip("-s"))
		skip();
	set_module(copy);
	plain_caller();
	assert_int_equal(look_up(s, seen, &l), 1);
	assert_null(l->function);
	assert_null(l->file);
	assert_string_equal(l->module, copy);
	assert_int_equal(l->offset, seen - bias);
	snprintf(text, sizeof(text), "0x%lx in copy", (unsigned long)(seen - bias));
	assert_written(l, text);
	if (build_id_size) {
		snprintf(text, sizeof(text), "(build-id %02x%02x%02x", build_id[0], build_id[1], build_id[2]);
		assert_written(l, text);
	}
	tshm_symbols_free(s);
}

static void test_another_file_now(void **state)
{
	struct tshm_symbols *s = tshm_symbols_new();
	const struct tshm_line *l;

	(void)state;
	set_module(self);
	modules[1].build_id_size = 20;
	modules[1].build_id[0] ^= 0xff;
	plain_caller();
	assert_int_equal(look_up(s, seen, &l), 1);
	assert_true(l->changed);
	assert_null(l->function);	/* it would be another program's */
	assert_written(l, "the file has changed since");
	set_module("/nonexistent/libfoo.so");
	assert_int_equal(look_up(s, seen, &l), 1);
	assert_true(l->gone);
	assert_written(l, " in libfoo.so");
	assert_written(l, "the file is gone");
	set_module("/dev/zero");	/* not opened: it is no regular file */
	assert_int_equal(look_up(s, seen, &l), 1);
	assert_null(l->function);
	tshm_symbols_free(s);
}

static void test_python_and_nowhere(void **state)
{
	struct tshm_symbols *s = tshm_symbols_new();
	struct tshm_frame python = { .kind = TSHM_FRAME_PYTHON, .where = 1 }, nowhere = { .kind = TSHM_FRAME_NATIVE };
	struct tshm_frame beyond = { .kind = TSHM_FRAME_NATIVE, .where = 77 };
	const struct tshm_line *l;

	(void)state;
	python.u.py.function = 2;
	python.u.py.line = 12;
	nowhere.u.offset = beyond.u.offset = 0x7f0000001234;
	assert_int_equal(tshm_symbols_frame(s, &image, &python, &l), 1);
	assert_true(l->python);
	assert_written(l, "make_batch (loader.py:12)");
	python.where = python.u.py.function = 99;	/* numbers that lie */
	assert_int_equal(tshm_symbols_frame(s, &image, &python, &l), 1);
	assert_written(l, "?");
	assert_int_equal(tshm_symbols_frame(s, &image, &nowhere, &l), 1);
	assert_null(l->module);
	assert_written(l, "0x7f0000001234");
	assert_int_equal(tshm_symbols_frame(s, &image, &beyond, &l), 1);
	assert_null(l->module);
	nowhere.u.offset = 0;
	assert_int_equal(tshm_symbols_frame(s, &image, &nowhere, &l), 1);
	set_module(self);
	assert_int_equal(look_up(s, bias, &l), 1);		/* offset 0: the byte before is in no file */
	assert_int_equal(look_up(s, bias - 0x1000, &l), 1);
	tshm_symbols_free(s);
}

/* What was found is known without the file; what was not is looked for again once the file is another. */
static void test_kept(void **state)
{
	static const char *const variants[] = { "-s", "--strip-debug", "--strip-dwo" };
	struct tshm_symbols *s;
	const struct tshm_line *l;

	(void)state;
	if (!build_id_size)
		skip();
	outer();
	for (size_t i = 0; i < 3; i++) {
		if (!strip(variants[i]))
			skip();
		set_module(copy);
		for (unsigned again = 0; again < 2; again++) {
			s = tshm_symbols_new();
			tshm_symbols_keep(s);
			assert_int_equal(look_up(s, seen, &l), i == 2 ? 3 : 1);
			assert_int_equal(!l->function, i == 0);
			assert_int_equal(!l->file, i < 2);
			assert_false(l->gone || l->changed);
			tshm_symbols_free(s);
		}
	}
	unlink(copy);
	s = tshm_symbols_new();
	tshm_symbols_keep(s);
	assert_int_equal(look_up(s, seen, &l), 3);
	assert_string_equal(l[0].function, "inner");
	assert_int_equal(l[2].line, line_of_outer);
	assert_true(l[0].inlined && !l[2].inlined && !l->gone);
	assert_string_equal(l->module, copy);
	plain_caller();			/* this one was not asked for */
	assert_int_equal(look_up(s, seen, &l), 1);
	assert_true(l->gone && !l->function);
	tshm_symbols_free(s);
	modules[1].build_id[0] ^= 0xff;	/* another file was there then */
	outer();
	s = tshm_symbols_new();
	tshm_symbols_keep(s);
	assert_int_equal(look_up(s, seen, &l), 1);
	assert_true(l->gone && !l->function);
	tshm_symbols_free(s);
}

extern char _start[];		/* what calls main, by way of libc */

/* A stack ends with the program's own; what starts it is nobody's business. */
static void test_trimmed(void **state)
{
	struct tshm_symbols *s = tshm_symbols_new();
	struct tshm_trace t;

	(void)state;
	set_module(self);
	site[1] = (struct tshm_site){ .stamp = TSHM_STAMP(1, TSHM_STATE_LIVE), .call = TSHM_CALL_shm_open, .depth = 3 };
	outer();
	site[1].frames[0] = frame_at(seen);
	plain_caller();
	site[1].frames[1] = frame_at(seen);
	site[1].frames[2] = frame_at((uintptr_t)_start + 1);
	t = tshm_trace_of(s, &image, 1);
	assert_int_equal(t.count, 4);
	assert_int_equal(t.leaf, 0);
	assert_string_equal(t.call, "shm_open");
	assert_string_equal(t.lines[2].function, "outer");
	assert_string_equal(t.lines[3].function, "plain_caller");
	tshm_trace_free(&t);
	t = tshm_trace_of(s, &image, 0);
	assert_int_equal(t.count, 0);
	assert_null(t.call);
	tshm_symbols_free(s);
}

/* Inlined from a header of the C++ library into a function of the program, which was inlined as well. */
static void test_leaf_is_the_programs(void **state)
{
	struct tshm_symbols *s = tshm_symbols_new();
	struct tshm_trace t;

	(void)state;
	set_module(self);
	site[1] = (struct tshm_site){ .stamp = TSHM_STAMP(1, TSHM_STATE_LIVE), .call = TSHM_CALL_shm_open, .depth = 2 };
	around_user();
	site[1].frames[0] = frame_at(seen);
	outer();
	site[1].frames[1] = frame_at(seen);
	t = tshm_trace_of(s, &image, 1);
	assert_int_equal(t.count, 6);
	assert_string_equal(t.lines[0].function, "member");
	assert_int_equal(t.leaf, 1);
	assert_string_equal(t.lines[1].function, "user_of_member");
	tshm_trace_free(&t);
	tshm_symbols_free(s);
}

static void test_what_is_written(void **state)
{
	struct tshm_line cpp = {
		.function = "f(std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >, std::__cxx11::"
			    "basic_string<char, std::char_traits<char>, std::allocator<char> > const&)",
		.module = "/lib/libtorch.so", .offset = 16,
	};
	struct tshm_line hostile = { .function = "a\033[2Jb", .file = "/x/c\nd.c", .line = 3, .module = "/x/\xff" };
	struct tshm_line python = { .module = "/usr/bin/python3.11" }, library = { .module = "/usr/lib/libpython3.11.so.1.0" };

	(void)state;
	assert_written(&cpp, "f(std::string, std::string const&) (in libtorch.so+0x10)");
	assert_written(&hostile, "a\\x1b[2Jb (c\\nd.c:3)");
	hostile.file = NULL;
	assert_written(&hostile, "(in \\xff+0x0)");
	assert_true(tshm_trace_is_interpreter(&python));
	assert_true(tshm_trace_is_interpreter(&library));
	assert_false(tshm_trace_is_interpreter(&cpp));
	python.python = true;
	assert_false(tshm_trace_is_interpreter(&python));
}

static int set_up(void **state)
{
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	(void)state;
	dl_iterate_phdr(look_at_program, NULL);
	if (n < 0 || !mkdtemp(directory))
		return -1;
	snprintf(copy, sizeof(copy), "%s/copy", directory);
	setenv("XDG_CACHE_HOME", directory, 1);
	unsetenv("DEBUGINFOD_URLS");
	return 0;
}

static int clean_up(void **state)
{
	TSHM_AUTO_FREE char *command = tshm_xasprintf("rm -rf '%s'", directory);

	(void)state;
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_function_and_line), cmocka_unit_test(test_inlined),
		cmocka_unit_test(test_whole_name),
		cmocka_unit_test(test_without_debug_information), cmocka_unit_test(test_stripped),
		cmocka_unit_test(test_another_file_now), cmocka_unit_test(test_python_and_nowhere),
		cmocka_unit_test(test_kept), cmocka_unit_test(test_trimmed), cmocka_unit_test(test_leaf_is_the_programs),
		cmocka_unit_test(test_what_is_written),
	};

	return cmocka_run_group_tests(tests, set_up, clean_up);
}
