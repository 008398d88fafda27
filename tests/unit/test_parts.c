/* SPDX-License-Identifier: MIT */
/* Several runs in one report: equal numbers of different kernels are different things. */
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

#include "../../report/runs.h"
#include "../../report/finding.h"
#include "make_ledger.h"

#define PID 3999990
#define SECOND 1000000000ull

static char top[64];

static int set_up(void **state)
{
	(void)state;
	strcpy(top, "/tmp/test_parts.XXXXXX");
	return mkdtemp(top) ? 0 : -1;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", top);
	return system(command);
}

static struct made image(unsigned number, pid_t pid, const char *host, const char *boot)
{
	struct made m = make_ledger(number, pid, 1, "/opt/worker");
	struct tshm_header *h = m.header;

	h->host = make_string(&m, host, (uint32_t)strlen(host));
	memset(h->boot_id, 0, sizeof(h->boot_id));
	strcpy(h->boot_id, boot);
	h->pidns = 1;
	h->shm_dev = 1;
	h->start_mono = 100 * SECOND;
	h->start_wall = 1700000000ull * SECOND;
	return m;
}

/* A parent and its child, which made a segment, removed it or not, and keeps 8 memfds. */
static void save_run(const char *name, unsigned number, const char *host, const char *boot, bool removes)
{
	struct made parent = image(number, PID, host, boot), child = image(number + 1, PID + 1, host, boot);
	uint32_t site = make_site(&child, TSHM_CALL_memfd_create, 0x1234);
	struct tshm_history *h;
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", top, name);
	mkdir(path, 0700);
	child.header->ppid = PID;
	child.header->began = TSHM_BEGAN_EXEC;
	for (unsigned i = 0; i < 8; i++) {
		struct tshm_resource *r = make_resource(&child, TSHM_KIND_MEMFD, 10 + i, site);

		r->origin = TSHM_ORIGIN_CREATED;
		r->flags = TSHM_RF_IDENT;
		r->dev = 1;
		r->ino = 500 + i;
		r->size = 4096;
	}
	h = make_name(&child, TSHM_SPACE_SHM, "/dev/shm/test_parts_nowhere", TSHM_HIF_EXCLUSIVE | TSHM_HIF_IDENT, site);
	h->dev = 1;
	h->ino = 400;
	if (removes) {
		h = make_name(&child, TSHM_SPACE_SHM, "/dev/shm/test_parts_nowhere", 0, site);
		h->type = TSHM_HIST_REMOVAL;
		h->begin_mono += SECOND;
	}
	make_end(&parent, TSHM_ENDED_EXIT, 0);
	make_end(&child, TSHM_ENDED_EXIT, 0);
	child.header->end_mono = parent.header->end_mono = 200 * SECOND;
	child.header->end_wall = parent.header->end_wall = parent.header->start_wall + 100 * SECOND;
	assert_int_equal(make_save(&parent, path), 0);
	assert_int_equal(make_save(&child, path), 0);
	make_free(&parent);
	make_free(&child);
}

static struct tshm_run *load(const char *a, const char *b)
{
	char first[128], second[128], *args[] = { first, second }, *error;
	struct tshm_run *run;

	snprintf(first, sizeof(first), "%s/%s", top, a);
	snprintf(second, sizeof(second), "%s/%s", top, b ? b : "");
	run = tshm_run_load(args, b ? 2 : 1, &error);
	assert_null(error);
	return run;
}

static const struct tshm_finding *find(const struct tshm_findings *found, const char *rule, const char *text)
{
	for (size_t i = 0; i < found->count; i++)
		if (!strcmp(found->list[i]->check->id, rule) && strstr(found->list[i]->message, text))
			return found->list[i];
	return NULL;
}

static void expect_unique_ids(const struct tshm_run *run)
{
	for (const struct tshm_object *a = run->objects; a; a = a->next)
		for (const struct tshm_object *b = a->next; b; b = b->next)
			assert_string_not_equal(a->id, b->id);
}

#define BOOT_A "00000000-0000-4000-8000-00000000000a"
#define BOOT_B "00000000-0000-4000-8000-00000000000b"

static void test_two_hosts(void **state)
{
	struct tshm_findings *found;
	struct tshm_totals t, alone;
	struct tshm_run *run;
	size_t removed = 0;

	(void)state;
	save_run("one", 1, "alpha", BOOT_A, true);
	save_run("two", 3, "beta", BOOT_B, false);
	run = load("one", NULL);
	found = tshm_judge(run);
	alone = tshm_totals(found);
	assert_int_equal(run->object_count, 9);
	assert_non_null(find(found, "fd-leaked", "worker (pid 3999991) ended"));
	tshm_findings_free(found);
	tshm_run_free(run);

	run = load("one", "two");
	assert_int_equal(run->part_count, 2);
	assert_string_equal(run->host, "alpha, beta");
	assert_int_equal(run->image_count, 4);
	assert_int_equal(run->object_count, 18);
	expect_unique_ids(run);
	for (size_t i = 0; i < run->image_count; i++) {
		const struct tshm_image *im = run->images[i];

		assert_true(!im->parent || im->parent->part == im->part);
		assert_int_equal(im->parent != NULL, im->header.pid == PID + 1);
	}
	for (const struct tshm_object *o = run->objects; o; o = o->next) {
		removed += o->remover != NULL;
		assert_true(!o->remover || o->remover->image->part == run->parts[0]);
		for (size_t i = 0; i < o->record_count; i++)
			assert_int_equal(o->records[i]->image->domain, o->domain);
	}
	assert_int_equal(removed, 1);
	found = tshm_judge(run);
	t = tshm_totals(found);
	assert_int_equal(t.warnings, 2 * alone.warnings);
	assert_int_equal(find(found, "fd-leaked", "worker (pid 3999991 on alpha)")->count, 8);
	assert_int_equal(find(found, "fd-leaked", "worker (pid 3999991 on beta)")->count, 8);
	tshm_findings_free(found);
	tshm_run_free(run);
}

/* Two containers of one machine have one kernel: what they share is shared. */
static void test_two_names(void **state)
{
	struct tshm_findings *found;
	struct tshm_run *run;

	(void)state;
	save_run("one", 1, "alpha", BOOT_A, false);
	save_run("two", 3, "beta", BOOT_A, false);
	run = load("one", "two");
	assert_int_equal(run->images[0]->domain, run->images[3]->domain);
	for (const struct tshm_object *o = run->objects; o; o = o->next)
		assert_null(strchr(o->id, '@'));
	found = tshm_judge(run);
	assert_non_null(find(found, "fd-leaked", "on alpha)"));
	tshm_findings_free(found);
	tshm_run_free(run);
}

/* tshm-run in a program under tshm-run: of the whole, the inner run's root has a parent, and is its root all the same. */
static void test_nested(void **state)
{
	char json[400], path[128];
	struct made outer = image(1, PID, "alpha", BOOT_A), inner = image(2, PID + 1, "alpha", BOOT_A);
	struct tshm_run *run;
	FILE *f;

	(void)state;
	inner.header->ppid = PID;
	make_end(&outer, TSHM_ENDED_EXIT, 0);
	make_end(&inner, TSHM_ENDED_EXIT, 0);
	outer.header->end_mono = inner.header->end_mono = 200 * SECOND;
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", top, i ? "two" : "one");
		mkdir(path, 0700);
		assert_int_equal(make_save(i ? &inner : &outer, path), 0);
		snprintf(json, sizeof(json), "{\"schema\":\"tshm-run/1\",\"command\":[\"x\"],\"root_pid\":%d,\"boot_id\":\"" BOOT_A "\","
			 "\"pidns\":1,\"started_wall\":1700000000000000000,\"ended_wall\":1700000100000000000,\"wait_status\":0,"
			 "\"names_before\":[]}", PID + i);
		snprintf(path, sizeof(path), "%s/%s/run.json", top, i ? "two" : "one");
		f = fopen(path, "we");
		assert_non_null(f);
		fputs(json, f);
		fclose(f);
	}
	make_free(&outer);
	make_free(&inner);
	run = load("one", "two");
	assert_int_equal(run->image_count, 2);
	assert_true(run->root_observed);
	assert_ptr_equal(run->images[1]->parent, run->images[0]);
	tshm_run_free(run);
}

/*
 * The same numbers in two runs, one after the other: containers have them.  What the first executed unseen is not the
 * second's root, and what of it was killed has no children there.
 */
static void test_same_numbers(void **state)
{
	struct tshm_run *run;
	char path[128];
	FILE *f;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct made root = image(1 + 2 * i, PID, "alpha", BOOT_A), other = image(2 + 2 * i, PID + 1 + (int)i, "alpha", BOOT_A);

		root.header->start_mono += i * 1000 * SECOND;
		root.header->start_wall += i * 1000 * SECOND;
		root.header->ppid = 1;
		root.header->end_detail = make_string(&root, "/no/static", 10);
		make_end(&root, TSHM_ENDED_EXEC, 0);
		root.header->end_mono = root.header->start_mono + SECOND;
		other.header->ppid = i ? PID + 1 : PID;	/* in the second run that is a number that nobody observed */
		other.header->start_mono = root.header->start_mono + 2 * SECOND;
		other.header->start_wall = root.header->start_wall + 2 * SECOND;
		snprintf(path, sizeof(path), "%s/%s", top, i ? "two" : "one");
		mkdir(path, 0700);
		assert_int_equal(make_save(&root, path), 0);
		assert_int_equal(make_save(&other, path), 0);
		make_free(&root);
		make_free(&other);
		snprintf(path, sizeof(path), "%s/%s/run.json", top, i ? "two" : "one");
		f = fopen(path, "we");
		assert_non_null(f);
		fprintf(f, "{\"schema\":\"tshm-run/1\",\"command\":[\"x\"],\"root_pid\":%d,\"boot_id\":\"" BOOT_A "\",\"pidns\":1,"
			"\"started_wall\":%llu,\"ended_wall\":%llu,\"wait_status\":0,\"names_before\":[]}", PID,
			(1700000000 + i * 1000ull) * SECOND, (1700000100 + i * 1000ull) * SECOND);
		fclose(f);
	}
	run = load("one", "two");
	assert_int_equal(run->image_count, 6);	/* each root became something that was not observed */
	for (size_t i = 0; i < run->image_count; i++) {
		const struct tshm_image *im = run->images[i];

		assert_true(!im->previous || im->previous->part == im->part);
		assert_true(!im->parent || im->parent->part == im->part);
	}
	tshm_run_free(run);
}

/* Two runs of one host are told by their names; the same one twice is one. */
static void test_one_host(void **state)
{
	struct tshm_findings *found;
	struct tshm_run *run;

	(void)state;
	save_run("one", 1, "alpha", BOOT_A, false);
	save_run("two", 3, "alpha", BOOT_A, false);
	run = load("one", "two");
	assert_string_equal(run->host, "alpha");
	found = tshm_judge(run);
	assert_non_null(find(found, "fd-leaked", "worker (pid 3999991 of one)"));
	assert_non_null(find(found, "fd-leaked", "worker (pid 3999991 of two)"));
	tshm_findings_free(found);
	tshm_run_free(run);
	run = load("one", "one/.");
	assert_int_equal(run->part_count, 1);
	assert_int_equal(run->image_count, 2);
	tshm_run_free(run);
}

/*
 * Ledgers are anybody's: of 10,000 with as many hosts each name was looked for in the list of all before, and the
 * report's first line had all of them.  Eight say enough.
 */
static void test_many_hosts(void **state)
{
	char path[128], host[16];
	struct tshm_run *run;

	(void)state;
	save_run("few", 1000, "alpha", BOOT_A, false);
	snprintf(path, sizeof(path), "%s/many", top);
	mkdir(path, 0700);
	for (unsigned i = 0; i < 20; i++) {
		struct made m;

		snprintf(host, sizeof(host), "host%u", i / 2);
		m = image(i + 1, PID + 10 + (int)i, host, BOOT_B);
		make_end(&m, TSHM_ENDED_EXIT, 0);
		assert_int_equal(make_save(&m, path), 0);
		make_free(&m);
	}
	run = load("few", "many");
	assert_string_equal(run->host, "alpha, host0, host1, host2, host3, host4, host5, host6 and 3 more");
	tshm_run_free(run);
}

static void write_run_json(const char *name, const char *boot, const char *host)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s/run.json", top, name);
	f = fopen(path, "we");
	assert_non_null(f);
	fprintf(f, "{\"schema\":\"tshm-run/1\",\"command\":[\"./w\"],\"root_pid\":%d,\"boot_id\":\"%s\",\"host\":\"%s\","
		"\"pidns\":1,\"started_wall\":1700000000000000000,\"ended_wall\":1700000009000000000,\"wait_status\":0,"
		"\"names_before\":[],\"stayed\":[]}", PID, boot, host);
	fclose(f);
}

/* Each command is looked for among its own processes. */
static void test_roots(void **state)
{
	char path[256];
	struct tshm_run *run;

	(void)state;
	save_run("one", 1, "alpha", BOOT_A, true);
	save_run("two", 3, "beta", BOOT_B, true);
	write_run_json("one", BOOT_A, "alpha");
	write_run_json("two", BOOT_B, "beta");
	run = load("one", "two");
	assert_true(run->root_observed);
	assert_int_equal(run->image_count, 4);
	tshm_run_free(run);
	snprintf(path, sizeof(path), "%s/two/00000000000000000000000000000003.tshm", top);
	assert_int_equal(unlink(path), 0);
	run = load("one", "two");
	assert_false(run->root_observed);
	assert_int_equal(run->image_count, 4);
	for (size_t i = 0; i < run->image_count; i++)
		if (!run->images[i]->observed)
			assert_ptr_equal(run->images[i]->part, run->parts[1]);
	expect_unique_ids(run);
	tshm_run_free(run);
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)
	const struct CMUnitTest tests[] = { TEST(test_two_hosts), TEST(test_two_names), TEST(test_one_host),
					TEST(test_nested), TEST(test_same_numbers),
					TEST(test_many_hosts), TEST(test_roots) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
