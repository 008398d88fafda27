/* SPDX-License-Identifier: MIT */
/* The trust boundary: whole ledgers, damaged ones, and liars. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../report/reader.h"
#include "make_ledger.h"

static struct made sample(void)
{
	struct made m = make_ledger(0x11, 4711, 1, "/usr/bin/prog");
	uint32_t site = make_site(&m, TSHM_CALL_shm_open, 0x1234);
	struct tshm_history *h = make_name(&m, TSHM_SPACE_SHM, "/dev/shm/there-is-no-such", TSHM_HIF_EXCLUSIVE, site);
	struct tshm_thread *t;

	h->flags |= TSHM_HIF_IDENT;
	h->ino = 77;
	make_resource(&m, TSHM_KIND_SEGMENT, 5, site)->name = 1;
	make_resource(&m, TSHM_KIND_PIPE, 6, site)->text = make_string(&m, "pipe:[1]", 8);
	make_child(&m, 4712, TSHM_CHILD_FORK, 0);
	t = make_record(&m, TSHM_SEC_THREADS, NULL);
	strcpy(t->name, "main");
	make_end(&m, TSHM_ENDED_EXIT, 3);
	return m;
}

static enum tshm_read read_made(const struct made *m, uint64_t size, struct tshm_image *im, char **problem)
{
	return tshm_reader_memory(m->bytes, size, "/x/ledger.tshm", im, problem);
}

static void test_whole(void **state)
{
	struct made m = sample();
	struct tshm_image im;
	char *problem;

	(void)state;
	assert_int_equal(read_made(&m, m.size, &im, &problem), TSHM_READ_OK);
	assert_null(problem);
	assert_string_equal(im.exe, "/usr/bin/prog");
	assert_int_equal(im.argc, 3);
	assert_string_equal(im.argv[2], "two");
	assert_int_equal(im.held_count, 2);
	assert_string_equal(im.held[0].name, "/dev/shm/there-is-no-such");
	assert_string_equal(im.held[1].name, "pipe:[1]");
	assert_int_equal(im.past_count, 1);
	assert_int_equal(im.child_count, 1);
	assert_int_equal(im.site_count, 2);
	assert_string_equal(im.modules[im.sites[1].frames[0].where].path, "/usr/bin/prog");
	assert_string_equal(im.id, "00000000000000000000000000000011");
	assert_int_equal(im.torn, 0);
	tshm_reader_close(&im);
	make_free(&m);
}

/* Each change makes it unreadable, with a line that names the file. */
static void refuse(struct made *m, const char *expected)
{
	struct tshm_image im;
	char *problem;

	assert_int_equal(read_made(m, m->size, &im, &problem), TSHM_READ_BAD);
	assert_non_null(problem);
	assert_memory_equal(problem, "/x/ledger.tshm: ", 16);
	assert_null(strchr(problem, '\n'));
	if (!strstr(problem, expected))
		fail_msg("\"%s\" has no \"%s\"", problem, expected);
	free(problem);
	make_free(m);
}

static void test_refused(void **state)
{
	struct made m;

	(void)state;
	m = sample(), m.header->magic[0] = 'x', refuse(&m, "not a tshm ledger");
	m = sample(), m.header->version = 2, refuse(&m, "version 2");
	m = sample(), m.header->byte_order = 0x04030201, refuse(&m, "byte order");
	m = sample(), m.header->byte_order = 0, refuse(&m, "byte order");
	m = sample(), m.header->header_size = 8, refuse(&m, "header of 8 bytes");
	m = sample(), m.header->section_count = 3, refuse(&m, "3 sections");
	m = sample(), m.header->section_count = 99, refuse(&m, "99 sections");
	m = sample(), m.header->token[3] = '/', refuse(&m, "token");
	m = sample(), m.header->sections[TSHM_SEC_SITES].record_size--, refuse(&m, "records of 1023 bytes");
	m = sample(), m.header->sections[TSHM_SEC_SITES].record_size = 0, refuse(&m, "records of 0 bytes");
	m = sample(), m.header->sections[TSHM_SEC_STRINGS].record_size = 16, refuse(&m, "strings");
	m = sample(), m.header->sections[TSHM_SEC_HISTORY].used = 1u << 30, refuse(&m, "records used");
	m = sample(), m.header->sections[TSHM_SEC_HISTORY].capacity = ~0u, refuse(&m, "records used");
	m = sample(), m.header->sections[TSHM_SEC_HISTORY].first_offset = ~0ull, refuse(&m, "outside");
	m = sample(), m.header->sections[TSHM_SEC_HISTORY].rest_offset = 1ull << 63, refuse(&m, "outside");
}

/* Killed as it began: at whatever moment, that is no ledger that could not be read (the gate was "unjudged"). */
static void test_unfinished(void **state)
{
	struct tshm_image im;
	struct made m = sample();
	char *problem;

	(void)state;
	memset(m.header->magic, 0, sizeof(m.header->magic));	/* written last */
	m.header->ended = TSHM_ENDED_NOT;
	assert_int_equal(read_made(&m, m.size, &im, &problem), TSHM_READ_EMPTY);
	free(problem);
	assert_int_equal(read_made(&m, 0, &im, &problem), TSHM_READ_EMPTY);	/* between open and ftruncate */
	assert_non_null(strstr(problem, "an empty ledger"));
	free(problem);
	make_free(&m);
}

/* Offsets and counts within their capacity that the file does not bear out: what is whole is read. */
static void test_liars(void **state)
{
	struct tshm_image im;
	struct made m;
	char *problem;

	(void)state;
	m = sample();
	m.header->sections[TSHM_SEC_RESOURCES].first_offset = m.size - 200;
	assert_int_equal(read_made(&m, m.size, &im, &problem), TSHM_READ_OK);
	assert_non_null(strstr(problem, "truncated"));
	free(problem);
	tshm_reader_close(&im);
	make_free(&m);

	/* The last of two million sites, in a file of a few pages. */
	m = sample();
	m.header->sections[TSHM_SEC_SITES] = (struct tshm_section){
		.record_size = sizeof(struct tshm_site), .first_count = 1, .capacity = 1u << 25, .used = 1u << 25,
		.first_offset = 8192, .rest_offset = 4096
	};
	assert_int_equal(read_made(&m, 65536, &im, &problem), TSHM_READ_OK);
	assert_non_null(problem);
	assert_true(im.site_count < 100);
	free(problem);
	tshm_reader_close(&im);
	make_free(&m);
}

static void test_references(void **state)
{
	struct tshm_image im;
	struct made m = sample();
	struct tshm_resource *r = make_resource(&m, TSHM_KIND_FILE, 9, 0xffffff);
	struct tshm_history *h = make_name(&m, TSHM_SPACE_SHM, "x", 0, 55);
	char *problem;

	(void)state;
	r->name = 0xffffffff;
	r->text = m.header->sections[TSHM_SEC_STRINGS].used - 1;	/* the middle of a string */
	h->link = 2;		/* itself */
	memset(h->name, 'n', sizeof(h->name));	/* no end */
	m.header->exe = 0xfffffff0;
	m.header->argv = 3;
	assert_int_equal(read_made(&m, m.size, &im, &problem), TSHM_READ_OK);
	assert_string_equal(im.exe, "?");
	assert_int_equal(im.held[2].r.site, 0);
	assert_int_equal(im.past[1].h.site, 0);
	assert_int_equal(strlen(im.past[1].name), TSHM_NAME_MAX);
	assert_ptr_equal(tshm_reader_past(&im, im.past[1].h.link), &im.past[1]);
	free(problem);
	tshm_reader_close(&im);
	make_free(&m);
}

/* Half-written records are counted, not believed; a name among them is kept as an intent. */
static void test_torn(void **state)
{
	struct tshm_image im;
	struct made m = sample();
	char *problem;

	(void)state;
	make_resource(&m, TSHM_KIND_FILE, 9, 1)->stamp = TSHM_STAMP(2, TSHM_STATE_BUSY);
	make_resource(&m, TSHM_KIND_FILE, 10, 1)->stamp = TSHM_STAMP(2, TSHM_STATE_FREE);
	make_name(&m, TSHM_SPACE_SHM, "/dev/shm/torn", TSHM_HIF_EXCLUSIVE | TSHM_HIF_IDENT, 1)->stamp =
		TSHM_STAMP(2, TSHM_STATE_BUSY);
	assert_int_equal(read_made(&m, m.size, &im, &problem), TSHM_READ_OK);
	assert_int_equal(im.held_count, 2);
	assert_int_equal(im.past_count, 2);
	assert_true(im.past[1].h.flags & TSHM_HIF_INTENT);
	assert_false(im.past[1].h.flags & TSHM_HIF_IDENT);
	assert_int_equal(im.torn, 2);
	free(problem);
	tshm_reader_close(&im);
	make_free(&m);
}

/* A newer writer's records are longer: their beginning is ours. */
static void test_longer_records(void **state)
{
	struct tshm_image im;
	struct made m = sample();
	struct tshm_section *s = &m.header->sections[TSHM_SEC_CHILDREN];
	uint8_t copy[64];
	char *problem;

	(void)state;
	memcpy(copy, m.bytes + tshm_ledger_offset(s, 1), sizeof(copy));
	s->record_size = 80;
	memset(m.bytes + s->first_offset, 0, 1024);
	memcpy(m.bytes + tshm_ledger_offset(s, 1), copy, sizeof(copy));
	assert_int_equal(read_made(&m, m.size, &im, &problem), TSHM_READ_OK);
	assert_null(problem);
	assert_int_equal(im.child_count, 1);
	assert_int_equal(im.children[0].pid, 4712);
	tshm_reader_close(&im);
	make_free(&m);
}

/* Cut at every byte: never more than is there, and always said. */
static void test_truncated(void **state)
{
	struct made m = sample();
	uint64_t end = tshm_ledger_first_extent();

	(void)state;
	for (uint64_t size = 1; size <= end; size++) {	/* of 0 bytes: test_unfinished */
		uint8_t *copy = malloc(size);	/* its own block, so that ASan sees its end */
		struct tshm_image im;
		enum tshm_read how;
		char *problem;

		memcpy(copy, m.bytes, size);
		how = tshm_reader_memory(copy, size, "cut", &im, &problem);
		assert_int_equal(how, size < sizeof(struct tshm_header) ? TSHM_READ_BAD : TSHM_READ_OK);
		if (how == TSHM_READ_OK)
			tshm_reader_close(&im);
		if (size < m.header->sections[TSHM_SEC_THREADS].first_offset)
			assert_non_null(problem);
		free(problem);
		free(copy);
	}
	make_free(&m);
}

/* Beyond the first extents, from a sparse file. */
static void test_file(void **state)
{
	struct made m = sample();
	char directory[] = "/tmp/test_reader.XXXXXX", path[128], link[128];
	struct tshm_image im;
	char *problem;

	(void)state;
	assert_non_null(mkdtemp(directory));
	for (unsigned i = 0; i < 5000; i++)
		make_resource(&m, TSHM_KIND_FILE, 100 + i, make_string(&m, "string", 6) % 1);
	m.header->ended = TSHM_ENDED_NOT;
	assert_int_equal(make_save(&m, directory), 0);
	snprintf(path, sizeof(path), "%s/%.32s.tshm", directory, m.header->token);
	assert_int_equal(tshm_reader_open(path, &im, &problem), TSHM_READ_OK);
	assert_null(problem);
	assert_int_equal(im.held_count, 5002);
	assert_int_equal(im.held[5001].r.key, 5099);
	tshm_reader_close(&im);

	assert_int_equal(truncate(path, (off_t)m.header->sections[TSHM_SEC_RESOURCES].rest_offset + 1000), 0);
	assert_int_equal(tshm_reader_open(path, &im, &problem), TSHM_READ_OK);
	assert_non_null(strstr(problem, "truncated: 39 of 5003 resources"));
	assert_int_equal(im.held_count, 38);
	free(problem);
	tshm_reader_close(&im);

	snprintf(link, sizeof(link), "%s/link.tshm", directory);
	assert_int_equal(symlink(path, link), 0);
	assert_int_equal(tshm_reader_open(link, &im, &problem), TSHM_READ_BAD);
	assert_non_null(strstr(problem, "symbolic link"));
	free(problem);
	unlink(link);
	assert_int_equal(mkfifo(link, 0600), 0);
	assert_int_equal(tshm_reader_open(link, &im, &problem), TSHM_READ_BAD);
	assert_non_null(strstr(problem, "not a regular file"));
	free(problem);
	assert_int_equal(tshm_reader_open(directory, &im, &problem), TSHM_READ_BAD);
	free(problem);
	assert_int_equal(tshm_reader_open("/tmp/no/such", &im, &problem), TSHM_READ_BAD);
	assert_non_null(strstr(problem, "/tmp/no/such: No such file"));
	free(problem);
	unlink(link);
	unlink(path);
	rmdir(directory);
	make_free(&m);
}

/* What another image of the line of forks made is inherited, whatever the record says. */
static void test_inherited(void **state)
{
	struct made m = make_ledger(1, 100, 1, "/bin/x");
	struct tshm_resource *old = make_resource(&m, TSHM_KIND_FILE, 9, 0);
	struct tshm_image im;
	char *problem;

	(void)state;
	m.header->epoch = 0x10002;
	old->epoch = 1;
	old->origin = TSHM_ORIGIN_CREATED;
	old->flags = TSHM_RF_CHECKED | TSHM_RF_CLOEXEC;
	make_resource(&m, TSHM_KIND_FILE, 10, 0)->epoch = 2;
	assert_int_equal(read_made(&m, m.size, &im, &problem), TSHM_READ_OK);
	assert_int_equal(im.held[0].r.origin, TSHM_ORIGIN_FORK);
	assert_int_equal(im.held[0].r.flags, TSHM_RF_CLOEXEC);
	assert_int_not_equal(im.held[1].r.origin, TSHM_ORIGIN_FORK);
	free(problem);
	tshm_reader_close(&im);
	make_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole), cmocka_unit_test(test_refused), cmocka_unit_test(test_unfinished), cmocka_unit_test(test_liars),
		cmocka_unit_test(test_references), cmocka_unit_test(test_torn), cmocka_unit_test(test_inherited),
		cmocka_unit_test(test_longer_records),
		cmocka_unit_test(test_truncated), cmocka_unit_test(test_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
