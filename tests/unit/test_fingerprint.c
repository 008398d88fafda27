/* SPDX-License-Identifier: MIT */
/* What stays the same of a finding from run to run, and what tells two findings apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../report/fingerprint.h"
#include "../../report/source.h"
#include "../../report/xalloc.h"

static void pattern(const char *name, const char *wanted)
{
	TSHM_AUTO_FREE char *is = tshm_name_pattern(name);

	assert_string_equal(is, wanted);
}

static void test_names(void **state)
{
	(void)state;
	/* What is written by hand stays. */
	pattern("/dev/shm/frames", "frames");
	pattern("/dev/shm/deep/frames.lock", "frames.lock");
	pattern("/dev/shm/facade", "facade");
	pattern("/queue", "queue");
	pattern("", "");
	/* Numbers. */
	pattern("/dev/shm/tshm-demo-batch-4711", "tshm-demo-batch-*");
	pattern("/dev/shm/frame12", "frame*");
	pattern("/dev/shm/frame12_7", "frame*");
	pattern("/dev/shm/torch_1234_567890_0", "torch_*");
	pattern("socket:[1234]", "socket:[*]");
	/* Hexadecimal and random parts. */
	pattern("/dev/shm/x-7f3a9c", "x-*");
	pattern("/dev/shm/x-deadbeef", "x-*");
	pattern("/dev/shm/x7k2f9q", "*");
	pattern("/dev/shm/a-550e8400-e29b-abcd-a716-446655440000.b", "a-*.b");
	/* Python's: eight characters, often without a digit. */
	pattern("/dev/shm/psm_abcdefab", "psm_*");
	pattern("/dev/shm/psm_1a2b3c4d", "psm_*");
	pattern("/dev/shm/sem.mp-ab_cdefg", "sem.mp-*");
	pattern("/dev/shm/sem.mp-x7_k2f9a", "sem.mp-*");
	pattern("/tmp/tmpq_zzabcd", "tmp*");
	pattern("/tmp/tmpdir", "tmpdir");
	/* Nothing for a terminal. */
	pattern("/dev/shm/\033[31m\n", "\\*[*\\n");
}

static void function(const char *name, const char *wanted)
{
	TSHM_AUTO_FREE char *is = tshm_function_plain(name);

	assert_string_equal(is, wanted);
}

static void test_functions(void **state)
{
	(void)state;
	function("make_batch", "make_batch");
	function("make_batch.isra.0", "make_batch");
	function("make_batch.constprop.0.cold", "make_batch");
	function("f(int) [clone .part.3]", "f(int)");
	function("loader::make::h0123456789abcdef", "loader::make");
	function("(anonymous namespace)::operator()(int)", "(anonymous namespace)::operator()(int)");
	function(".cold", ".cold");
	function("a\nb", "a\\nb");
}

/* ---- findings ---- */

static const char *functions[] = { NULL, "make_batch", "work", "main", "a", "b", "c" };

static const char *string_of(const struct tshm_image *im, uint32_t number, uint32_t *length)
{
	(void)im, (void)length;
	return number < sizeof(functions) / sizeof(functions[0]) ? functions[number] : NULL;
}

struct about {
	const char *exe, *argv1, *name;
	pid_t pid;
	unsigned line, depth, frames[8];
};

static char *key_of(const struct about *a, const char *rule)
{
	char *argv[] = { (char *)"x", (char *)a->argv1, NULL };
	struct tshm_site sites[2] = { { 0 }, { .stamp = TSHM_STAMP(1, TSHM_STATE_LIVE), .call = TSHM_CALL_shm_open } };
	struct tshm_image im = { .header.pid = a->pid, .exe = a->exe, .argv = argv, .argc = a->argv1 ? 2 : 1,
				 .string = string_of, .observed = true, .sites = sites, .site_count = 2 };
	struct tshm_object object = { .name = a->name };
	struct tshm_check check = { .id = rule };
	struct tshm_finding f = { .check = &check, .object = &object, .image = &im, .site = 1 };
	struct tshm_symbols *symbols = tshm_symbols_new();
	struct tshm_fingerprint p;
	char *key;

	sites[1].depth = (uint8_t)a->depth;
	for (unsigned i = 0; i < a->depth; i++) {
		sites[1].frames[i] = (struct tshm_frame){ .kind = TSHM_FRAME_PYTHON, .where = 1 };
		sites[1].frames[i].u.py.function = a->frames[i];
		sites[1].frames[i].u.py.line = a->line + i;
	}
	p = tshm_fingerprint_of(symbols, &f);
	key = tshm_fingerprint_key(&p);
	tshm_fingerprint_free(&p);
	tshm_symbols_free(symbols);
	return key;
}

static bool same(const struct about *a, const struct about *b)
{
	TSHM_AUTO_FREE char *x = key_of(a, "shm-leaked"), *y = key_of(b, "shm-leaked");

	return !strcmp(x, y);
}

static void test_findings(void **state)
{
	const struct about a = { "/opt/a/loader", NULL, "/dev/shm/batch-17", 100, 7, 3, { 1, 2, 3 } };
	struct about b = a;
	TSHM_AUTO_FREE char *key = key_of(&a, "shm-leaked"), *other = key_of(&a, "shm-exposed");

	(void)state;
	assert_string_equal(key, "shm-leaked\nloader\nbatch-*\nmake_batch\nwork\nmain");
	assert_string_not_equal(key, other);
	b.pid = 4711;
	b.line = 99;
	b.exe = "/build/x/loader";
	b.name = "/dev/shm/batch-18";
	assert_true(same(&a, &b));
	b = a;
	b.exe = "/opt/a/other";
	assert_false(same(&a, &b));
	b = a;
	b.name = "/dev/shm/frame-17";
	assert_false(same(&a, &b));
	b = a;
	b.frames[1] = 4;
	assert_false(same(&a, &b));
	/* Recursion is as deep as the data. */
	b = (struct about){ "/opt/a/loader", NULL, "/dev/shm/batch-17", 100, 7, 5, { 1, 2, 2, 2, 3 } };
	assert_true(same(&a, &b));
	/* Who calls from far outside does not matter. */
	b = (struct about){ "/opt/a/loader", NULL, "/dev/shm/batch-17", 100, 7, 6, { 1, 2, 3, 4, 5, 6 } };
	{
		struct about c = b;

		c.frames[5] = 2;
		assert_true(same(&c, &b));
		c.frames[4] = 2;
		assert_false(same(&c, &b));
	}
}

static void test_scripts(void **state)
{
	const struct about a = { "/usr/bin/python3.11", "/srv/train.py", "/dev/shm/x", 100, 7, 1, { 1 } };
	struct about b = a;
	TSHM_AUTO_FREE char *key = key_of(&a, "shm-leaked");

	(void)state;
	assert_string_equal(key, "shm-leaked\npython train.py\nx\nmake_batch");
	b.exe = "/opt/bin/python3.12";
	b.argv1 = "train.py";
	assert_true(same(&a, &b));
	b.argv1 = "test.py";
	assert_false(same(&a, &b));
}

static void test_hash(void **state)
{
	char x[33], y[33];

	(void)state;
	tshm_fingerprint_hash("shm-leaked\nloader", x);
	tshm_fingerprint_hash("shm-leaked\nloades", y);
	assert_int_equal(strlen(x), 32);
	assert_string_not_equal(x, y);
	/* It is kept by others: it must never change. */
	tshm_fingerprint_hash("", y);
	assert_string_equal(y, "cbf29ce48422232555c5e55dfb685f30");
}

static void source(const char *file, const char *wanted, bool relative)
{
	struct tshm_source s = tshm_source_of("/src/app/", file);

	assert_string_equal(s.path, wanted);
	assert_int_equal(s.relative, relative);
	free(s.path);
}

static void test_sources(void **state)
{
	TSHM_AUTO_FREE char *uri = tshm_source_uri("a b/\xff%:c.c"), *root = tshm_source_root("/");

	(void)state;
	source("/src/app/build/../lib//./a.c", "lib/a.c", true);
	source("/src/application/a.c", "/src/application/a.c", false);
	source("/src/app/../other/a.c", "/src/other/a.c", false);
	source("/../../etc/a.c", "/etc/a.c", false);
	source("lib/a.c", "lib/a.c", true);
	source("../lib/a.c", "../lib/a.c", true);
	source("x/../../../a.c", "../../a.c", true);
	assert_null(tshm_source_of("/", NULL).path);
	assert_string_equal(uri, "a%20b/%FF%25%3Ac.c");
	assert_string_equal(root, "/");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names), cmocka_unit_test(test_functions), cmocka_unit_test(test_findings),
		cmocka_unit_test(test_scripts), cmocka_unit_test(test_hash), cmocka_unit_test(test_sources),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
