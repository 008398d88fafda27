/* SPDX-License-Identifier: MIT */
/* Whole runs made of made ledgers, judged against names that really are there. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "made_run.h"

/* Left by a program that ended well. */
static void test_leaked(void **state)
{
	struct made m = make_ledger(1, DEAD_PID, 1, "/usr/bin/leaker");
	struct tshm_totals t;
	struct judged j;
	int fd = make_segment(name);

	(void)state;
	make_name(&m, TSHM_SPACE_SHM, name, TSHM_HIF_EXCLUSIVE, make_site(&m, TSHM_CALL_shm_open, 0x1000));
	make_end(&m, TSHM_ENDED_EXIT, 0);
	save(&m);

	close(fd);
	j = judge();
	expect_finding(&j, "shm-leaked", TSHM_ERROR, "(64.0 KiB) was created by leaker (pid 3999999) and was never removed; nobody");
	assert_int_equal(find(&j, "shm-leaked")->site, 1);
	assert_non_null(strstr(find(&j, "shm-leaked")->advice, name));
	assert_int_equal(j.found->count, 1);
	assert_int_equal(gate(&j), TSHM_GATE_FAIL);
	t = tshm_totals(j.found);
	assert_int_equal(t.leaked_segments, 1);
	assert_int_equal(t.leaked_bytes, 65536);
	assert_true(j.run->complete);
	done(&j);

	/* Somebody outside has it open: us. */
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (!fork()) {		/* the judge does not count itself */
		j = judge();
		expect_no_finding(&j, "shm-leaked");
		assert_int_equal(j.run->objects->outsider_count, 1);
		assert_int_equal(gate(&j), TSHM_GATE_PASS);
		done(&j);
		_exit(0);
	} else {
		int status;

		wait(&status);
		assert_int_equal(status, 0);
	}
	close(fd);
	unlink(name);
	j = judge();
	assert_int_equal(j.found->count, 0);
	assert_int_equal(j.run->objects->state, TSHM_OBJECT_REMOVED);
	assert_int_equal(gate(&j), TSHM_GATE_PASS);
	done(&j);

	/* The same name, another object. */
	close(make_segment(name));
	j = judge();
	expect_no_finding(&j, "shm-leaked");
	assert_int_equal(j.run->objects->presence, TSHM_NAME_OTHER);
	done(&j);
}

/* Create-or-open: who made it is told by its birth. */
static void test_maybe(void **state)
{
	struct made m;
	struct judged j;
	uint64_t before;

	(void)state;
	close(make_segment(name));
	usleep(50000);
	m = make_ledger(1, DEAD_PID, 1, "/usr/bin/opener");
	make_name(&m, TSHM_SPACE_SHM, name, TSHM_HIF_MAYBE, 0);
	make_end(&m, TSHM_ENDED_EXIT, 0);
	save(&m);
	j = judge();
	assert_int_equal(j.found->count, 0);
	assert_null(j.run->objects->creator);
	done(&j);

	unlink(name);
	m = make_ledger(1, DEAD_PID, 1, "/usr/bin/maker");
	before = m.header->start_wall;		/* however long the rest takes here */
	close(make_segment(name));
	make_name(&m, TSHM_SPACE_SHM, name, TSHM_HIF_MAYBE, 0)->begin_wall = before;
	make_end(&m, TSHM_ENDED_EXIT, 0);
	save(&m);
	j = judge();
	expect_finding(&j, "shm-leaked", TSHM_WARNING, "maker (pid 3999999) and persists; nobody holds it");
	done(&j);

	/* Two that raced. */
	m = make_ledger(2, DEAD_PID - 1, 1, "/usr/bin/other");
	make_name(&m, TSHM_SPACE_SHM, name, TSHM_HIF_MAYBE, 0)->begin_wall = before - 1000000;
	make_end(&m, TSHM_ENDED_EXIT, 0);
	save(&m);
	j = judge();
	expect_finding(&j, "shm-leaked", TSHM_WARNING, " or by ");
	assert_non_null(find(&j, "shm-leaked")->image2);
	done(&j);
}

/*
 * The machine slept for an hour between the begin of the process and the call: by the monotonic clock its process was
 * collected soon after it began, by that of the wall the name came an hour later.
 */
static void test_slept(void **state)
{
	const uint64_t hour = 3600000000000u;
	struct made m, parent;
	struct tshm_history *h;
	struct judged j;

	(void)state;
	parent = make_ledger(2, DEAD_PID - 1, 1, "/usr/bin/parent");
	m = make_ledger(1, DEAD_PID, DEAD_PID - 1, "/usr/bin/maker");
	h = make_name(&m, TSHM_SPACE_SHM, name, TSHM_HIF_MAYBE, 0);
	close(make_segment(name));
	make_free(&m);
	m = make_ledger(1, DEAD_PID, DEAD_PID - 1, "/usr/bin/maker");
	h = make_name(&m, TSHM_SPACE_SHM, name, TSHM_HIF_MAYBE, 0);
	h->begin_wall -= 1000000000u;
	h->begin_mono -= 1000000000u;
	m.header->start_mono -= 2000000000u;
	m.header->start_wall -= 2000000000u + hour;
	save(&m);
	make_child(&parent, DEAD_PID, TSHM_CHILD_SPAWN, 9)->begin_mono -= 2000000000u;
	make_end(&parent, TSHM_ENDED_EXIT, 0);
	save(&parent);
	j = judge();
	expect_finding(&j, "shm-leaked", TSHM_WARNING, "maker (pid 3999999, killed by SIGKILL) and persists");
	done(&j);
}

/* Killed in the call: the name is there, the record says no more than that it was about to be made. */
static void test_killed_in_call(void **state)
{
	struct made parent = make_ledger(1, DEAD_PID - 1, 1, "/usr/bin/parent");
	struct made m = make_ledger(2, DEAD_PID, DEAD_PID - 1, "/usr/bin/killed");
	struct judged j;

	(void)state;
	m.header->began = TSHM_BEGAN_FORK;
	memcpy(m.header->parent_token, parent.header->token, 32);
	make_child(&parent, DEAD_PID, TSHM_CHILD_FORK, 9);
	make_end(&parent, TSHM_ENDED_EXIT, 0);
	make_name(&m, TSHM_SPACE_SHM, name, TSHM_HIF_INTENT | TSHM_HIF_EXCLUSIVE, 0);
	save(&parent);
	save(&m);
	j = judge();
	assert_int_equal(j.found->count, 0);		/* it never came to be */
	assert_ptr_equal(j.run->images[1]->parent, j.run->images[0]);
	assert_int_equal(j.run->images[1]->state, TSHM_IMAGE_SIGNALED);
	assert_int_equal(j.run->images[1]->status, 9);
	assert_int_equal(j.run->images[1]->depth, 1);
	done(&j);
	close(make_segment(name));
	j = judge();
	expect_finding(&j, "shm-leaked", TSHM_ERROR, "created by killed (pid 3999999, killed by SIGKILL)");
	done(&j);
}

static void make_failed(struct made *m, uint32_t call, uint64_t address, unsigned times)
{
	uint32_t number = make_site(m, call, address);
	struct tshm_section *sec = &m->header->sections[TSHM_SEC_SITES];
	struct tshm_site *s = (void *)(m->bytes + tshm_ledger_offset(sec, number));

	s->failed[TSHM_FAIL_DESCRIPTORS] = times;
	s->last_errno = EMFILE;
	s->last_mono = m->header->start_mono;
}

/* Threads that race may make two records of one stack: it is one finding. */
static void test_limit_hit(void **state)
{
	struct made m = make_ledger(1, DEAD_PID, 1, "/usr/bin/opener");
	struct judged j;

	(void)state;
	make_failed(&m, TSHM_CALL_open, 0x1000, 3);
	make_failed(&m, TSHM_CALL_open, 0x2000, 1);
	make_failed(&m, TSHM_CALL_open, 0x1000, 4);
	make_end(&m, TSHM_ENDED_EXIT, 0);
	save(&m);
	j = judge();
	assert_int_equal(j.found->count, 2);
	expect_finding(&j, "limit-hit", TSHM_WARNING, "EMFILE");
	assert_int_equal(j.found->list[0]->count + j.found->list[1]->count, 8);
	assert_true(j.found->list[0]->count == 7 || j.found->list[1]->count == 7);
	done(&j);
}

/*
 * inotify_init() gives EMFILE when the user has too many instances, and the report said "the process has no free
 * descriptor"; and that most of them came from shmat(), which makes none.
 */
static void test_limits_of_users(void **state)
{
	struct made m = make_ledger(1, DEAD_PID, 1, "/usr/bin/watcher");
	struct tshm_section *sec = &m.header->sections[TSHM_SEC_SITES];
	struct judged j;

	(void)state;
	make_failed(&m, TSHM_CALL_inotify_init1, 0x1000, 3);
	((struct tshm_site *)(m.bytes + tshm_ledger_offset(sec, make_site(&m, TSHM_CALL_shmat, 0x2000))))->peak = 100;
	((struct tshm_site *)(m.bytes + tshm_ledger_offset(sec, make_site(&m, TSHM_CALL_pipe2, 0x3000))))->peak = 10;
	make_end(&m, TSHM_ENDED_EXIT, 0);
	save(&m);
	j = judge();
	expect_finding(&j, "limit-hit", TSHM_WARNING, "or the user no inotify instance");
	expect_finding(&j, "limit-hit", TSHM_WARNING, "; most, 10 at a time, came from one place");
	assert_non_null(strstr(find(&j, "limit-hit")->advice, "fs.inotify.max_user_instances"));
	done(&j);
}

/* rename() keeps the maker. */
static void test_renamed(void **state)
{
	struct made m = make_ledger(1, DEAD_PID, 1, "/usr/bin/renamer");
	struct tshm_history *h;
	char other[80];
	struct judged j;

	(void)state;
	snprintf(other, sizeof(other), "%s.tmp", name);
	close(make_segment(other));
	h = make_name(&m, TSHM_SPACE_SHM, other, TSHM_HIF_EXCLUSIVE, make_site(&m, TSHM_CALL_mkstemp, 0x40));
	h->stamp = TSHM_STAMP(1, TSHM_STATE_CLOSED);
	h->flags |= TSHM_HIF_REMOVED | TSHM_HIF_RENAMED;	/* as the library leaves it */
	assert_int_equal(rename(other, name), 0);
	h = make_name(&m, TSHM_SPACE_SHM, name, TSHM_HIF_RENAMED, make_site(&m, TSHM_CALL_rename, 0x50));
	h->call = TSHM_CALL_rename;
	h->link = 1;
	make_end(&m, TSHM_ENDED_EXIT, 0);
	save(&m);
	j = judge();
	expect_finding(&j, "shm-leaked", TSHM_ERROR, name);
	assert_int_equal(find(&j, "shm-leaked")->site, 1);
	assert_int_equal(find(&j, "shm-leaked")->count, 1);
	done(&j);
}

static void test_sysv(void **state)
{
	struct made m = make_ledger(1, getpid(), 1, "/usr/bin/sysv");
	int id = shmget(IPC_PRIVATE, 12345, 0600 | IPC_CREAT);
	struct tshm_history *h;
	struct judged j;

	(void)state;
	assert_true(id >= 0);
	h = make_name(&m, TSHM_SPACE_SYSV, "", TSHM_HIF_EXCLUSIVE, 0);
	h->id = id;
	make_end(&m, TSHM_ENDED_EXIT, 0);
	save(&m);
	j = judge();
	expect_finding(&j, "sysv-leaked", TSHM_ERROR, "SysV segment ");
	assert_int_equal(find(&j, "sysv-leaked")->bytes, 12345);
	done(&j);
	shmctl(id, IPC_RMID, NULL);
	j = judge();
	assert_int_equal(j.found->count, 0);
	done(&j);
}

/* Piles of the same place; what is inherited is nobody's fault. */
static void test_at_end(void **state)
{
	struct made m = make_ledger(1, DEAD_PID, 1, "/usr/bin/piler");
	uint32_t memfds = make_site(&m, TSHM_CALL_memfd_create, 0x10), files = make_site(&m, TSHM_CALL_open, 0x20);
	struct judged j;

	(void)state;
	for (unsigned i = 0; i < 10; i++) {
		struct tshm_resource *r = make_resource(&m, TSHM_KIND_MEMFD, 10 + i, memfds);

		r->size = 1 << 20;
		r->dev = 5;
		r->ino = 100 + i / 2;	/* two descriptors each: a memfd does not become larger by them */
		r->flags = TSHM_RF_IDENT;
		make_resource(&m, TSHM_KIND_FILE, 30 + i, files);
		make_resource(&m, TSHM_KIND_MEMFD, 50 + i, memfds)->origin = TSHM_ORIGIN_FORK;
	}
	make_end(&m, TSHM_ENDED_EXIT, 0);
	make_resource(&m, TSHM_KIND_FILE, 99, files);	/* not checked: it was gone */
	save(&m);
	j = judge();
	expect_finding(&j, "fd-leaked", TSHM_WARNING, "10 descriptors of memfds (5.0 MiB in all)");
	assert_int_equal(find(&j, "fd-open-at-exit")->count, 10);
	assert_int_equal(gate(&j), TSHM_GATE_PASS);
	assert_int_equal(j.found->count, 2);
	done(&j);
}

static void test_history(void **state)
{
	struct made m = make_ledger(1, DEAD_PID, 1, "/usr/bin/closer");
	uint32_t site = make_site(&m, TSHM_CALL_close, 0x10), other = make_site(&m, TSHM_CALL_recvmsg, 0x20);
	struct tshm_history *h;
	struct tshm_site *s;
	struct judged j;

	(void)state;
	h = make_record(&m, TSHM_SEC_HISTORY, NULL);
	h->type = TSHM_HIST_BAD_CLOSE;
	h->call = TSHM_CALL_close;
	h->site = site;
	h->id = h->low = h->high = 5;
	h->count = 3;
	h->before.kind = TSHM_FRAME_NATIVE;
	h = make_record(&m, TSHM_SEC_HISTORY, NULL);	/* a loop over numbers */
	h->type = TSHM_HIST_BAD_CLOSE;
	h->site = other;
	h->id = h->high = 1023;
	h->count = 1000;
	h->extra = 990;
	h->before.kind = TSHM_FRAME_NATIVE;
	h = make_record(&m, TSHM_SEC_HISTORY, NULL);
	h->type = TSHM_HIST_LOST_FDS;
	h->call = TSHM_CALL_recvmsg;
	h->site = other;
	h->id = 3;
	h->extra = 1;
	s = (struct tshm_site *)(m.bytes + tshm_ledger_offset(&m.header->sections[TSHM_SEC_SITES], other));
	s->failed[TSHM_FAIL_DESCRIPTORS] = 4;
	m.header->sections[TSHM_SEC_HISTORY].recycled = 12;
	m.header->sections[TSHM_SEC_THREADS].lost = 2;
	make_end(&m, TSHM_ENDED_EXIT, 0);
	save(&m);
	j = judge();
	expect_finding(&j, "fd-bad-close", TSHM_WARNING, "close of descriptor 5, which was closed already, in closer");
	expect_finding(&j, "fd-lost-in-transit", TSHM_ERROR, "installed 1 of 3 descriptors");
	expect_finding(&j, "limit-hit", TSHM_WARNING, "recvmsg failed in closer (pid 3999999) 4 times (EMFILE");
	expect_finding(&j, "history-lost", TSHM_NOTE, "12 older history records");
	expect_finding(&j, "ledger-full", TSHM_NOTE, "2 threads");
	assert_int_equal(j.found->count, 5);
	done(&j);
}

/* Ours, for certain: this very process maps a file of that token. */
static void test_running(void **state)
{
	struct made m = make_ledger(0x77, getpid(), 1, "/usr/bin/runner");
	uint32_t site = make_site(&m, TSHM_CALL_shm_open, 0x10);
	struct tshm_resource *r;
	struct judged j;
	char path[128];
	struct stat st;
	void *map, *segment;
	int fd, file;

	(void)state;
	fd = make_segment(name);
	segment = mmap(NULL, 65536, PROT_READ, MAP_SHARED, fd, 0);
	fstat(fd, &st);
	make_name(&m, TSHM_SPACE_SHM, name, TSHM_HIF_EXCLUSIVE, site);
	r = make_resource(&m, TSHM_KIND_SEGMENT, (uint64_t)fd, site);
	r->flags = TSHM_RF_IDENT;
	r->dev = st.st_dev;
	r->ino = st.st_ino;
	make_resource(&m, TSHM_KIND_SEGMENT, 999, site);	/* long closed */
	assert_int_equal(make_save(&m, directory), 0);
	snprintf(path, sizeof(path), "%s/%.32s.tshm", directory, m.header->token);
	file = open(path, O_RDWR | O_CLOEXEC);
	map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, file, 0);
	close(file);
	j = judge();
	assert_true(tshm_run_is_live(j.run));
	assert_int_equal(j.run->images[0]->live_pid, getpid());
	assert_true(j.run->images[0]->held[1].dropped);
	assert_int_equal(j.run->objects->holder_count, 2);	/* the descriptor, and the mapping that nobody noted */
	assert_int_equal(j.run->objects->state, TSHM_OBJECT_LIVE);
	expect_finding(&j, "shm-leaked", TSHM_NOTE, "is live");
	assert_int_equal(gate(&j), TSHM_GATE_PASS);
	done(&j);
	munmap(map, 4096);
	munmap(segment, 65536);
	close(fd);
	make_free(&m);
}

static void test_arguments(void **state)
{
	char *error, *bad[] = { (char *)"/no/such/run" }, *file[1];
	char path[128];
	struct made m = make_ledger(0x99, DEAD_PID, 1, "/usr/bin/x");
	struct tshm_run_list *list;
	struct tshm_pruned pruned;
	struct tshm_run *run;
	FILE *f;

	(void)state;
	assert_null(tshm_run_load(bad, 1, &error));
	assert_non_null(strstr(error, "/no/such/run"));
	free(error);
	setenv("TSHM_DIR", directory, 1);
	assert_null(tshm_run_load(NULL, 0, &error));
	free(error);
	make_end(&m, TSHM_ENDED_EXIT, 0);
	save(&m);
	run = tshm_run_load(NULL, 0, &error);
	assert_non_null(run);
	assert_int_equal(run->image_count, 1);
	tshm_run_free(run);
	file[0] = (char *)"00000000000000000000000000000099";
	run = tshm_run_load(file, 1, &error);
	assert_non_null(run);
	tshm_run_free(run);
	snprintf(path, sizeof(path), "%s/bad.tshm", directory);
	f = fopen(path, "we");
	fputs("nonsense", f);
	fclose(f);
	file[0] = path;
	run = tshm_run_load(file, 1, &error);
	assert_non_null(run);
	assert_int_equal(run->unreadable, 1);
	assert_int_equal(run->problem_count, 1);
	tshm_run_free(run);
	list = tshm_runs_list();
	assert_int_equal(list->count, 1);
	assert_true(list->list[0].loose);
	tshm_runs_list_free(list);
	pruned = tshm_runs_prune(0);
	assert_int_equal(pruned.runs, 1);
	assert_int_equal(pruned.ledgers, 1);
	unsetenv("TSHM_DIR");
}

/* Without tshm-run: who is of which run is told by what parents noted, too.  An orphan was a run of its own. */
static void test_loose_orphan(void **state)
{
	struct made parent = make_ledger(1, DEAD_PID - 1, 1, "/usr/bin/parent");
	struct made orphan = make_ledger(2, DEAD_PID, 1, "/usr/bin/orphan");
	struct made unseen = make_ledger(3, DEAD_PID - 3, DEAD_PID - 2, "/usr/bin/of-unseen");
	struct tshm_run_list *list;
	struct tshm_child *c;

	(void)state;
	parent.header->start_mono -= 9000000000u;
	parent.header->start_wall -= 9000000000u;
	c = make_child(&parent, DEAD_PID, TSHM_CHILD_VFORK, 0);
	c->stamp = TSHM_STAMP(1, TSHM_STATE_LIVE);
	c->begin_mono = orphan.header->start_mono - 100;
	c->end_mono = 0;
	c = make_child(&parent, DEAD_PID - 2, TSHM_CHILD_SPAWN, 0);
	c->program = make_string(&parent, "/no/static", 10);
	c->begin_mono = unseen.header->start_mono - 1000000000u;
	c->end_mono = unseen.header->start_mono + 1000000000u;
	make_end(&parent, TSHM_ENDED_EXIT, 0);
	parent.header->end_mono = orphan.header->start_mono - 50;
	make_end(&orphan, TSHM_ENDED_EXIT, 0);
	make_end(&unseen, TSHM_ENDED_EXIT, 0);
	save(&parent);
	save(&orphan);
	save(&unseen);
	setenv("TSHM_DIR", directory, 1);
	list = tshm_runs_list();
	assert_int_equal(list->count, 1);
	assert_true(list->list[0].loose);
	tshm_runs_list_free(list);
	unsetenv("TSHM_DIR");
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_leaked), TEST(test_maybe), TEST(test_slept), TEST(test_killed_in_call), TEST(test_limit_hit),
		TEST(test_limits_of_users), TEST(test_renamed),
		TEST(test_sysv), TEST(test_at_end), TEST(test_history), TEST(test_running), TEST(test_arguments),
		TEST(test_loose_orphan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
