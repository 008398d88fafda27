/* SPDX-License-Identifier: MIT */
/* Whose child, successor or root a process of a run is, also where ledgers are missing or lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "made_run.h"

/* A parent that waited for a processor notes its fork when the child is long dead: it is one process all the same. */
static void test_late_fork(void **state)
{
	struct made parent = make_ledger(1, DEAD_PID - 1, 1, "/usr/bin/parent");
	struct made first = make_ledger(2, DEAD_PID, DEAD_PID - 1, "/usr/bin/child");
	struct made second = make_ledger(3, DEAD_PID, DEAD_PID - 1, "/usr/bin/child");
	struct tshm_child *c;
	struct judged j;

	(void)state;
	parent.header->start_mono -= 10000000000u;
	first.header->began = second.header->began = TSHM_BEGAN_FORK;
	memcpy(first.header->parent_token, parent.header->token, 32);
	memcpy(second.header->parent_token, parent.header->token, 32);
	first.header->start_mono -= 9000000000u;	/* the number came again after its end */
	c = make_child(&parent, DEAD_PID, TSHM_CHILD_FORK, 9);
	c->begin_mono = first.header->start_mono;
	c->end_mono = first.header->start_mono + 1000000000u;
	c = make_child(&parent, DEAD_PID, TSHM_CHILD_FORK, 15);
	c->begin_mono = c->end_mono = second.header->start_mono + 300000000u;
	make_end(&parent, TSHM_ENDED_EXIT, 0);
	save(&parent);
	save(&first);
	save(&second);
	j = judge();
	assert_int_equal(j.run->image_count, 3);
	assert_int_equal(j.run->images[1]->state, TSHM_IMAGE_SIGNALED);
	assert_int_equal(j.run->images[1]->status, 9);
	assert_int_equal(j.run->images[2]->status, 15);
	expect_no_finding(&j, "unobserved");
	done(&j);
}

/*
 * Python's resource tracker of a short program began when its parent had just ended: getppid() said 1, the
 * tracker was nobody's, and shm-unlinked-in-use was a note instead of an error (tests/apps/python-shm.sh failed
 * once in a hundred under load).  In a container, where 1 is a process of the run, it was even that one's child.
 */
static void test_orphan(void **state)
{
	struct made init = make_ledger(1, 1, 0, "/usr/bin/init");
	struct made parent = make_ledger(2, DEAD_PID - 1, 1, "/usr/bin/parent");
	struct made orphan = make_ledger(3, DEAD_PID, 1, "/usr/bin/orphan");
	struct made became = make_ledger(4, DEAD_PID, 1, "/usr/bin/became");
	struct made other = make_ledger(5, DEAD_PID - 2, DEAD_PID - 1, "/usr/bin/other");
	struct tshm_child *c;
	struct judged j;

	(void)state;
	init.header->start_mono -= 10000000000u;
	parent.header->start_mono -= 9000000000u;
	c = make_child(&parent, DEAD_PID, TSHM_CHILD_VFORK, 0);
	c->stamp = TSHM_STAMP(1, TSHM_STATE_LIVE);	/* its end went to init */
	c->begin_mono = orphan.header->start_mono - 100;
	c->end_mono = 0;
	make_end(&parent, TSHM_ENDED_EXIT, 0);
	parent.header->end_mono = orphan.header->start_mono - 50;
	make_end(&orphan, TSHM_ENDED_EXEC, 0);
	became.header->start_mono = orphan.header->end_mono + 1000;
	make_end(&became, TSHM_ENDED_EXIT, 0);
	make_child(&init, DEAD_PID, TSHM_CHILD_SEEN, 0)->begin_mono = 0;
	/* A number that comes again: who noted the begin, and has it as a child by getppid(), is its parent. */
	c = make_child(&init, DEAD_PID - 2, TSHM_CHILD_VFORK, 0);
	c->stamp = TSHM_STAMP(1, TSHM_STATE_LIVE);
	c->begin_mono = other.header->start_mono - 5000000000u;
	c = make_child(&parent, DEAD_PID - 2, TSHM_CHILD_SPAWN, 0);
	c->begin_mono = other.header->start_mono - 100;
	make_end(&other, TSHM_ENDED_EXIT, 0);
	save(&init);
	save(&parent);
	save(&orphan);
	save(&became);
	save(&other);
	j = judge();
	assert_int_equal(j.run->image_count, 5);
	for (size_t i = 2; i < 5; i++)
		assert_string_equal(j.run->images[i]->parent->exe, "/usr/bin/parent");
	assert_string_equal(j.run->images[1]->exe, "/usr/bin/parent");
	assert_string_equal(j.run->images[1]->parent->exe, "/usr/bin/init");
	assert_int_equal(j.run->images[4]->depth, 2);
	done(&j);
}

/*
 * A number that comes again.  The record of a child that nobody waited for fitted whatever had its number later,
 * and took it away from the parent that getppid() names and that still lived.
 */
static void test_number_again(void **state)
{
	struct made first = make_ledger(1, DEAD_PID - 2, 1, "/usr/bin/first");
	struct made second = make_ledger(2, DEAD_PID - 1, DEAD_PID - 2, "/usr/bin/second");
	struct made child = make_ledger(3, DEAD_PID, DEAD_PID - 1, "/usr/bin/child");
	struct tshm_child *c;
	struct judged j;

	(void)state;
	first.header->start_mono -= 20000000000u;
	second.header->start_mono -= 10000000000u;
	c = make_child(&first, DEAD_PID, TSHM_CHILD_SPAWN, 0);
	c->stamp = TSHM_STAMP(1, TSHM_STATE_LIVE);	/* SIGCHLD was ignored */
	c->begin_mono = child.header->start_mono - 9000000000u;
	c->end_mono = 0;
	make_end(&first, TSHM_ENDED_EXIT, 0);
	make_end(&second, TSHM_ENDED_EXIT, 0);
	make_end(&child, TSHM_ENDED_EXIT, 0);
	first.header->end_mono = second.header->end_mono = child.header->end_mono = child.header->start_mono + 1000000000u;
	save(&first);
	save(&second);
	save(&child);
	j = judge();
	assert_int_equal(j.run->image_count, 3);
	assert_string_equal(j.run->images[2]->exe, "/usr/bin/child");
	assert_string_equal(j.run->images[2]->parent->exe, "/usr/bin/second");
	done(&j);
}

/* What was executed and seen by nobody ended, and the number came again: that is no exec, and no child of it. */
static void test_number_after_exec(void **state)
{
	struct made parent = make_ledger(1, DEAD_PID - 2, 1, "/usr/bin/parent");
	struct made before = make_ledger(2, DEAD_PID, DEAD_PID - 2, "/usr/bin/before");
	struct made after = make_ledger(3, DEAD_PID, DEAD_PID - 2, "/usr/bin/after");
	struct made killed = make_ledger(4, DEAD_PID - 1, DEAD_PID - 2, "/usr/bin/killed");
	struct made child = make_ledger(5, DEAD_PID - 3, DEAD_PID - 1, "/usr/bin/child");
	struct tshm_child *c;
	struct judged j;

	(void)state;
	parent.header->start_mono -= 20000000000u;
	before.header->start_mono -= 10000000000u;
	killed.header->start_mono -= 10000000000u;
	before.header->end_detail = make_string(&before, "/no/static", 10);
	make_end(&before, TSHM_ENDED_EXEC, 0);
	before.header->end_mono = before.header->start_mono + 1000;
	make_end(&after, TSHM_ENDED_EXIT, 0);
	make_end(&child, TSHM_ENDED_EXIT, 0);
	c = make_child(&parent, DEAD_PID, TSHM_CHILD_FORK, 0);
	c->begin_mono = before.header->start_mono;
	c->end_mono = before.header->start_mono + 1000000000u;
	c = make_child(&parent, DEAD_PID, TSHM_CHILD_SPAWN, 0);
	c->begin_mono = after.header->start_mono;
	c->end_mono = after.header->start_mono + 1000000000u;
	c = make_child(&parent, DEAD_PID - 1, TSHM_CHILD_SPAWN, 9);
	c->begin_mono = killed.header->start_mono;
	c->end_mono = killed.header->start_mono + 1000000000u;
	c = make_child(&parent, DEAD_PID - 1, TSHM_CHILD_SPAWN, 0);
	c->program = make_string(&parent, "/no/other", 9);
	c->begin_mono = child.header->start_mono - 1000;
	c->end_mono = child.header->start_mono + 1000000000u;
	make_end(&parent, TSHM_ENDED_EXIT, 0);
	save(&parent);
	save(&before);
	save(&after);
	save(&killed);
	save(&child);
	j = judge();
	assert_int_equal(j.run->image_count, 7);
	for (size_t i = 0; i < j.run->image_count; i++) {
		const struct tshm_image *im = j.run->images[i];

		if (!strcmp(im->exe, "/usr/bin/before"))
			assert_string_equal(im->next->exe, "/no/static");
		else if (!strcmp(im->exe, "/usr/bin/after"))
			assert_null(im->previous);
		else if (!strcmp(im->exe, "/usr/bin/child"))
			assert_string_equal(im->parent->exe, "/no/other");
		assert_int_equal(im->observed, strncmp(im->exe, "/no/", 4) != 0);
	}
	done(&j);
}

/* unshare --pid --fork: the child's number is another to itself than to its parent.  It was there twice. */
static void test_inner_namespace(void **state)
{
	struct made outer = make_ledger(1, DEAD_PID - 1, 1, "/usr/bin/unshare");
	struct made inner = make_ledger(2, 1, 0, "/usr/bin/unshare");
	struct tshm_child *c;
	struct judged j;

	(void)state;
	outer.header->start_mono -= 1000000000u;
	inner.header->began = TSHM_BEGAN_FORK;
	inner.header->pidns = outer.header->pidns + 1;
	memcpy(inner.header->parent_token, outer.header->token, 32);
	c = make_child(&outer, DEAD_PID, TSHM_CHILD_FORK, 9);
	c->begin_mono = inner.header->start_mono + 1000000;
	c->end_mono = inner.header->start_mono + 1000000000u;
	make_end(&outer, TSHM_ENDED_EXIT, 0);
	save(&outer);
	save(&inner);
	j = judge();
	assert_int_equal(j.run->image_count, 2);
	assert_ptr_equal(j.run->images[1]->parent, j.run->images[0]);
	assert_int_equal(j.run->images[1]->state, TSHM_IMAGE_SIGNALED);
	expect_no_finding(&j, "unobserved");
	done(&j);
}

/* An exec by a system call of its own: one process, since it was collected once. */
static void test_unnoted_exec(void **state)
{
	struct made parent = make_ledger(1, DEAD_PID - 1, 1, "/usr/bin/parent");
	struct made forked = make_ledger(2, DEAD_PID, DEAD_PID - 1, "/usr/bin/parent");
	struct made became = make_ledger(3, DEAD_PID, DEAD_PID - 1, "/usr/bin/became");
	struct tshm_child *c;
	struct judged j;

	(void)state;
	parent.header->start_mono -= 10000000000u;
	forked.header->start_mono -= 1000000000u;
	forked.header->began = TSHM_BEGAN_FORK;
	memcpy(forked.header->parent_token, parent.header->token, 32);
	c = make_child(&parent, DEAD_PID, TSHM_CHILD_FORK, 256);
	c->begin_mono = forked.header->start_mono;
	c->end_mono = became.header->start_mono + 1000000000u;
	c = make_child(&parent, DEAD_PID - 2, TSHM_CHILD_FORK, 9);	/* fork()'s, with handlers: it had no time */
	c->begin_mono = became.header->start_mono + 1000000000u;
	c->end_mono = c->begin_mono + 1000;
	make_end(&parent, TSHM_ENDED_EXIT, 0);
	make_end(&became, TSHM_ENDED_EXIT, 1);
	save(&parent);
	save(&forked);
	save(&became);
	j = judge();
	assert_int_equal(j.run->image_count, 4);
	assert_ptr_equal(j.run->images[1]->next, j.run->images[2]);
	assert_int_equal(j.run->images[1]->state, TSHM_IMAGE_EXEC);
	assert_int_equal(j.run->images[2]->status, 1);
	assert_string_equal(j.run->images[3]->why_unobserved, "killed before it noted anything");
	done(&j);
}

/* exec: joined by pid; an unseen one becomes an image. */
static void test_exec(void **state)
{
	struct made a = make_ledger(1, DEAD_PID, 1, "/bin/sh");
	struct made b = make_ledger(2, DEAD_PID, 1, "/usr/bin/second");
	uint32_t site = make_site(&a, TSHM_CALL_memfd_create, 0x10);
	struct tshm_resource *had = make_resource(&a, TSHM_KIND_MEMFD, 7, site);
	struct tshm_resource *got = make_resource(&b, TSHM_KIND_MEMFD, 7, 0);
	struct judged j;

	(void)state;
	got->origin = TSHM_ORIGIN_EXEC;
	had->dev = got->dev = 5;
	had->ino = got->ino = 6;
	had->flags = got->flags = TSHM_RF_IDENT;
	make_end(&a, TSHM_ENDED_EXEC, 0);
	b.header->start_mono = a.header->end_mono + 1000;
	b.header->end_detail = make_string(&b, "/no/such/program", 16);
	make_end(&b, TSHM_ENDED_EXEC, 0);
	b.header->end_mono = b.header->start_mono + 1000;
	save(&a);
	save(&b);
	j = judge();
	assert_int_equal(j.run->image_count, 3);
	assert_ptr_equal(j.run->images[0]->next, j.run->images[1]);
	assert_ptr_equal(j.run->images[1]->previous, j.run->images[0]);
	assert_int_equal(j.run->images[0]->state, TSHM_IMAGE_EXEC);
	assert_false(j.run->images[2]->observed);
	assert_string_equal(j.run->images[2]->exe, "/no/such/program");
	assert_string_equal(j.run->images[2]->id, "pid:3999999");
	expect_finding(&j, "unobserved", TSHM_NOTE, "/no/such/program");
	expect_finding(&j, "fd-crossed-exec", TSHM_WARNING, "descriptor 7 (memfd) of sh (pid 3999999)");
	done(&j);
}

/*
 * A ledger can tell of any number of children that nobody saw, and each was looked for among all before it, to
 * get an id of its own: 65,520, of 16 small files, took 47 s.  Now it is a third of a second
 * (and who sees this test stop for a minute knows what is back).
 */
static void test_many_unobserved(void **state)
{
	char *args[] = { directory }, *error;
	struct tshm_run *run;
	unsigned same = 0;

	(void)state;
	for (unsigned i = 0; i < 16; i++) {
		struct made m = make_ledger(i + 1, DEAD_PID - (int)i, 1, "/usr/bin/parent");

		for (unsigned k = 1; k < 4096; k++) {
			struct tshm_child *c = make_child(&m, (pid_t)(100000 + i * 4096 + k), TSHM_CHILD_FORK, 0);

			if (i || k > 3)
				continue;
			c->pid = 99999;	/* one pid after the other's end */
			c->begin_mono += k * 1000000000ull;
			c->end_mono = c->begin_mono + 1;
		}
		make_end(&m, TSHM_ENDED_EXIT, 0);
		save(&m);
	}
	run = tshm_run_load(args, 1, &error);
	assert_null(error);
	assert_int_equal(run->image_count, 16 * 4096);
	for (size_t i = 0; i < run->image_count; i++)
		same += !strcmp(run->images[i]->id, "pid:99999") || !strcmp(run->images[i]->id, "pid:99999.2") ||
			!strcmp(run->images[i]->id, "pid:99999.3");
	assert_int_equal(same, 3);
	tshm_run_free(run);
}

static void write_run_json(const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/run.json", directory);
	f = fopen(path, "we");
	fputs(text, f);
	fclose(f);
}

/* run.json: a root that was not observed, names that appeared, nonsense. */
static void test_run_json(void **state)
{
	struct made m = make_ledger(1, DEAD_PID, DEAD_PID - 1, "/usr/bin/child");
	struct judged j;
	char json[256];

	(void)state;
	make_end(&m, TSHM_ENDED_EXIT, 0);
	snprintf(json, sizeof(json), "{\"schema\":\"tshm-run/1\",\"command\":[\"/no/static\"],\"root_pid\":%d,\"started_wall\":%llu,"
		 "\"ended_wall\":%llu,\"wait_status\":256,\"names_before\":[]}", DEAD_PID - 1,
		 (unsigned long long)m.header->start_wall, (unsigned long long)m.header->start_wall + 1000000000);
	save(&m);
	write_run_json(json);
	close(make_segment(name));
	j = judge();
	assert_false(j.run->root_observed);
	assert_int_equal(j.run->image_count, 2);
	assert_string_equal(j.run->images[0]->exe, "/no/static");
	assert_int_equal(j.run->images[0]->state, TSHM_IMAGE_EXITED);
	assert_int_equal(j.run->images[0]->status, 1);
	assert_ptr_equal(j.run->images[1]->parent, j.run->images[0]);
	expect_finding(&j, "shm-appeared", TSHM_WARNING, name);
	assert_int_equal(gate(&j), TSHM_GATE_UNJUDGED);
	done(&j);

	write_run_json("{\"schema\":\"tshm-run/1\",\"command\":7,\"root_pid\":\"x\",\"names_before\":[1,{}],\"stayed\":[-1,1e99]}");
	j = judge();
	assert_true(j.run->made_by_run);
	done(&j);
	write_run_json("[[[[");
	j = judge();
	assert_int_equal(gate(&j), TSHM_GATE_UNJUDGED);
	assert_int_equal(j.run->problem_count, 1);
	done(&j);
}

/* A ledger that lies about who is whose parent. */
static void test_rings(void **state)
{
	struct made a = make_ledger(1, DEAD_PID, DEAD_PID - 1, "a"), b = make_ledger(2, DEAD_PID - 1, DEAD_PID, "b");
	struct made c = make_ledger(3, DEAD_PID, 1, "c"), d = make_ledger(4, DEAD_PID - 4, DEAD_PID - 4, "d");
	struct judged j;

	(void)state;
	memcpy(a.header->parent_token, b.header->token, 32);
	memcpy(b.header->parent_token, a.header->token, 32);
	memcpy(d.header->parent_token, d.header->token, 32);
	make_end(&a, TSHM_ENDED_EXEC, 0);
	a.header->end_mono = a.header->start_mono;
	memcpy(a.header->parent_token, c.header->token, 32);	/* its own successor */
	make_end(&c, TSHM_ENDED_EXEC, 0);
	save(&a);
	save(&b);
	save(&c);
	save(&d);
	j = judge();
	assert_true(j.run->image_count >= 5);
	for (size_t i = 0; i < j.run->image_count; i++)
		assert_int_equal(j.run->images[i]->order, i);
	done(&j);
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_late_fork), TEST(test_orphan), TEST(test_number_again), TEST(test_number_after_exec),
		TEST(test_inner_namespace), TEST(test_unnoted_exec), TEST(test_exec), TEST(test_many_unobserved), TEST(test_run_json), TEST(test_rings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
