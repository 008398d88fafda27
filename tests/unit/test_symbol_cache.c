/* SPDX-License-Identifier: MIT */
/* What is kept of symbols: found again, dropped when it may be out of date, of no use when damaged. */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../report/symbol_cache.h"

#define ID "00112233445566778899aabbccddeeff00112233"
#define OFFSETS 40u
#define HEADER 88u		/* bytes; the sum is over what follows */
#define SUM_AT 32u

static char top[] = "/tmp/test_symbol_cache.XXXXXX";
static char module[128], debug[160], kept[300];
static int directory = -1;

static struct tshm_places places;

/* Of offset n: n % 3 places, the innermost has a line if n is even. */
static void make_places(uint64_t n)
{
	static const char *const names[] = { "inner", "outer", "std::vector<int>::push_back(int&&)" };

	places.count = 0;
	for (uint64_t i = 0; i < n % 3; i++) {
		struct tshm_place *p = tshm_places_add(&places);

		p->function = i ? names[n % 2] : n % 5 ? names[2] : NULL;
		p->file = n % 2 ? NULL : "/src/main.c";
		p->line = n % 2 ? 0 : (unsigned)n + 1;
		p->inlined = i + 1 < n % 3;
	}
}

static void check_places(uint64_t n)
{
	struct tshm_places had = places;

	places = (struct tshm_places){ 0 };
	make_places(n);
	if (!places.count)	/* that nothing is known comes back as a place without anything */
		tshm_places_add(&places);
	assert_int_equal(had.count, places.count);
	for (size_t i = 0; i < had.count; i++) {
		const struct tshm_place *a = &had.list[i], *b = &places.list[i];

		assert_int_equal(a->line, b->line);
		assert_int_equal(a->inlined, b->inlined);
		assert_int_equal(!a->function, !b->function);
		assert_true(!a->function || !strcmp(a->function, b->function));
		assert_int_equal(!a->file, !b->file);
		assert_true(!a->file || !strcmp(a->file, b->file));
	}
	free(places.list);
	places = had;
}

static bool has_line(uint64_t n)
{
	return n % 2 == 0 && n % 3;
}

/* How many are found; what is found is right. */
static size_t found(struct tshm_cache *c, bool with_line)
{
	size_t count = 0;

	for (uint64_t n = 1; n <= OFFSETS; n++) {
		if (has_line(n) != with_line || !tshm_cache_find(c, n * 100, false, &places))
			continue;
		check_places(n);
		count++;
	}
	assert_false(tshm_cache_find(c, 101, true, &places));
	return count;
}

/* Offsets first, first + step, ...: given in the wrong order. */
static void add(struct tshm_cache *c, uint64_t first, uint64_t step)
{
	for (uint64_t n = OFFSETS; n >= first && n; n--) {
		if ((n - first) % step)
			continue;
		make_places(n);
		tshm_cache_add(c, n * 100, &places, NULL);
	}
}

static void count_in(size_t with_line, size_t without)
{
	struct tshm_cache *c = tshm_cache_open(directory, module, ID);

	assert_int_equal(found(c, true), with_line);
	assert_int_equal(found(c, false), without);
	tshm_cache_close(c);
}

static size_t of_kind(bool with_line)
{
	size_t count = 0;

	for (uint64_t n = 1; n <= OFFSETS; n++)
		count += has_line(n) == with_line;
	return count;
}

#define WITH of_kind(true)
#define WITHOUT of_kind(false)

static void fill(void)
{
	struct tshm_cache *c = tshm_cache_open(directory, module, ID);

	add(c, 1, 1);
	tshm_cache_close(c);
}

static void write_bytes(const char *path, const void *bytes, size_t size, mode_t mode)
{
	int fd;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

/* The one file of the cache. */
static void find_kept(void)
{
	DIR *dir = fdopendir(openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	struct dirent *e;
	size_t count = 0;

	while ((e = readdir(dir)))
		if (e->d_name[0] != '.') {
			snprintf(kept, sizeof(kept), "%s/tshm/%s", top, e->d_name);
			count++;
		}
	closedir(dir);
	assert_int_equal(count, 1);
}

/* ---- tests ---- */

static void test_comes_back(void **state)
{
	struct tshm_cache *c;
	struct stat st;

	(void)state;
	count_in(0, 0);
	c = tshm_cache_open(directory, module, ID);
	add(c, 1, 2);
	tshm_cache_close(c);
	c = tshm_cache_open(directory, module, ID);
	add(c, 2, 2);		/* between those that are there */
	tshm_cache_close(c);
	count_in(WITH, WITHOUT);
	find_kept();
	assert_int_equal(stat(kept, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_non_null(strstr(kept, ID));
}

static void test_of_another_module(void **state)
{
	struct tshm_cache *c;

	(void)state;
	fill();
	c = tshm_cache_open(directory, "/usr/lib/libother.so", ID);	/* it may only claim to have the build-id */
	assert_int_equal(found(c, true) + found(c, false), 0);
	tshm_cache_close(c);
	c = tshm_cache_open(directory, module, "ff" ID);
	assert_int_equal(found(c, true) + found(c, false), 0);
	tshm_cache_close(c);
}

/* A debug file came: what has a line stays, the rest is to be looked up again, and then kept again. */
static void test_debug_file_installed(void **state)
{
	struct tshm_cache *c;

	(void)state;
	fill();
	write_bytes(debug, "x", 1, 0644);
	count_in(WITH, 0);
	c = tshm_cache_open(directory, module, ID);
	assert_true(tshm_cache_find(c, 100, true, &places));	/* where it cannot be looked up again */
	check_places(1);
	make_places(1);
	tshm_cache_add(c, 100, &places, NULL);
	tshm_cache_close(c);
	count_in(WITH, 1);
	unlink(debug);
	count_in(WITH, 0);
	fill();
	count_in(WITH, WITHOUT);
	setenv("DEBUGINFOD_URLS", "http://127.0.0.1:1", 1);
	count_in(WITH, 0);
	setenv("DEBUGINFOD_URLS", "", 1);
	count_in(WITH, WITHOUT);
	write_bytes(module, "another", 7, 0755);	/* say, one that was not stripped */
	count_in(WITH, 0);
}

/* Two reports at once: the later one counts, and both may be read. */
static void test_two_at_once(void **state)
{
	struct tshm_cache *a = tshm_cache_open(directory, module, ID), *b = tshm_cache_open(directory, module, ID);

	(void)state;
	add(a, 1, 2);
	add(b, 2, 2);
	tshm_cache_close(a);
	tshm_cache_close(b);
	count_in(WITH, of_kind(false) - OFFSETS / 2);
}

static uint8_t *kept_bytes(size_t *size)
{
	uint8_t *bytes;

	fill();
	find_kept();
	bytes = tshm_cache_read(directory, strrchr(kept, '/') + 1, size);
	assert_non_null(bytes);
	return bytes;
}

/* Every byte, one after the other: what is found then is still right. */
static void test_damaged(void **state)
{
	size_t size, lost = 0;
	uint8_t *bytes = kept_bytes(&size);

	(void)state;
	for (size_t i = 0; i < size; i++) {
		struct tshm_cache *c;

		bytes[i] ^= 0x41;
		write_bytes(kept, bytes, size, 0600);
		bytes[i] ^= 0x41;
		c = tshm_cache_open(directory, module, ID);
		lost += found(c, true) != WITH;
		found(c, false);
		tshm_cache_close(c);
	}
	assert_true(lost >= size - 16);		/* the stamp may differ and the reserved bytes */
	for (size_t i = 0; i < size; i += i < HEADER + 8 ? 1 : 7) {
		write_bytes(kept, bytes, i, 0600);
		count_in(0, 0);
	}
	fill();					/* it is replaced */
	count_in(WITH, WITHOUT);
	free(bytes);
}

/* Damages that somebody made on purpose: the sum is right. */
static void test_hostile(void **state)
{
	size_t size;
	uint8_t *bytes = kept_bytes(&size), *bad = tshm_xmalloc(size);

	(void)state;
	srand(1);
	for (unsigned round = 0; round < 4000; round++) {
		struct tshm_cache *c;
		uint64_t sum;

		memcpy(bad, bytes, size);
		for (unsigned n = 1 + (unsigned)rand() % 4; n; n--)
			bad[8 + (unsigned)rand() % (size - 8)] = (uint8_t)(rand() % 3 ? rand() : -(rand() % 2));
		sum = tshm_cache_sum(0, bad + HEADER, size - HEADER);
		memcpy(bad + SUM_AT, &sum, sizeof(sum));
		write_bytes(kept, bad, size, 0600);
		c = tshm_cache_open(directory, module, ID);
		for (uint64_t n = 1; n <= OFFSETS; n++) {
			if (!tshm_cache_find(c, n * 100, false, &places))
				continue;
			assert_true(places.count > 0);
			for (size_t i = 0; i < places.count; i++) {
				assert_true(!places.list[i].function || strlen(places.list[i].function) < size);
				assert_true(!places.list[i].file || strlen(places.list[i].file) < size);
			}
		}
		tshm_cache_close(c);
	}
	free(bad);
	free(bytes);
}

static void test_not_ours(void **state)
{
	char other[200];
	size_t size;
	uint8_t *bytes = kept_bytes(&size);

	(void)state;
	write_bytes(kept, bytes, size, 0666);
	count_in(0, 0);
	snprintf(other, sizeof(other), "%s/elsewhere", top);
	write_bytes(other, bytes, size, 0600);
	unlink(kept);
	assert_int_equal(symlink(other, kept), 0);
	count_in(0, 0);
	fill();					/* replaces the link, not what it leads to */
	count_in(WITH, WITHOUT);
	assert_int_equal(truncate(other, 0), 0);
	count_in(WITH, WITHOUT);
	unlink(other);
	unlink(kept);
	assert_int_equal(mkfifo(kept, 0600), 0);
	count_in(0, 0);				/* and does not wait */
	unlink(kept);
	if (geteuid() == 0) {
		write_bytes(kept, bytes, size, 0600);
		assert_int_equal(chown(kept, 1, 1), 0);
		count_in(0, 0);
	}
	free(bytes);
}

static void test_directory(void **state)
{
	char tshm[200], link[200];
	int fd;

	(void)state;
	snprintf(tshm, sizeof(tshm), "%s/tshm", top);
	snprintf(link, sizeof(link), "%s/link", top);
	assert_int_equal(chmod(tshm, 0777), 0);
	assert_int_equal(tshm_cache_directory(), -1);
	assert_int_equal(chmod(tshm, 0700), 0);
	assert_int_equal(chmod(top, 0777), 0);
	assert_int_equal(tshm_cache_directory(), -1);
	assert_int_equal(chmod(top, 0700), 0);
	assert_int_equal(rename(tshm, link), 0);
	assert_int_equal(symlink(link, tshm), 0);
	assert_int_equal(tshm_cache_directory(), -1);
	assert_int_equal(unlink(tshm), 0);
	assert_int_equal(rename(link, tshm), 0);
	setenv("XDG_CACHE_HOME", "relative", 1);
	setenv("HOME", top, 1);
	fd = tshm_cache_directory();		/* $HOME/.cache/tshm */
	assert_true(fd >= 0);
	close(fd);
	snprintf(tshm, sizeof(tshm), "%s/.cache/tshm", top);
	assert_int_equal(rmdir(tshm), 0);
	*strrchr(tshm, '/') = 0;
	assert_int_equal(rmdir(tshm), 0);
	setenv("XDG_CACHE_HOME", top, 1);
}

/* Too much in all: what was used last stays.  Files that somebody else put there stay as well. */
static void test_bounded(void **state)
{
	static const char *const names[] = { "old.sym", "older.sym", "note.txt", "1.new", "2.new" };
	static const off_t sizes[] = { 1 << 20, (off_t)TSHM_CACHE_MOST, (off_t)TSHM_CACHE_MOST, 1, 1 };
	static const time_t ages[] = { 100, 200, 300, 7200, 10 };
	static const bool stays[] = { true, false, true, false, true };
	const struct timespec now = { .tv_sec = time(NULL) };

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		int fd = openat(directory, names[i], O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		const struct timespec times[2] = { now, { .tv_sec = now.tv_sec - ages[i] } };

		assert_int_equal(ftruncate(fd, sizes[i]), 0);
		assert_int_equal(futimens(fd, times), 0);
		close(fd);
	}
	fill();
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(faccessat(directory, names[i], F_OK, 0) == 0, stays[i]);
	count_in(WITH, WITHOUT);
}

/* ---- */

static int clear(void **state)
{
	DIR *dir = fdopendir(openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	struct dirent *e;

	(void)state;
	while (dir && (e = readdir(dir)))
		if (e->d_name[0] != '.')
			unlinkat(directory, e->d_name, 0);
	closedir(dir);
	return 0;
}

static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(top))
		return -1;
	setenv("XDG_CACHE_HOME", top, 1);
	unsetenv("DEBUGINFOD_URLS");
	snprintf(module, sizeof(module), "%s/libmodule.so", top);
	snprintf(debug, sizeof(debug), "%s.debug", module);
	write_bytes(module, "x", 1, 0755);
	directory = tshm_cache_directory();
	return directory < 0 ? -1 : 0;
}

static int clean_up(void **state)
{
	clear(state);
	close(directory);
	free(places.list);
	unlink(module);
	snprintf(kept, sizeof(kept), "%s/tshm", top);
	return rmdir(kept) || rmdir(top);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_comes_back, clear), cmocka_unit_test_setup(test_of_another_module, clear),
		cmocka_unit_test_setup(test_debug_file_installed, clear), cmocka_unit_test_setup(test_two_at_once, clear),
		cmocka_unit_test_setup(test_damaged, clear), cmocka_unit_test_setup(test_hostile, clear),
		cmocka_unit_test_setup(test_not_ours, clear), cmocka_unit_test_setup(test_directory, clear),
		cmocka_unit_test_setup(test_bounded, clear),
	};

	return cmocka_run_group_tests(tests, set_up, clean_up);
}
