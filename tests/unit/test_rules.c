/* SPDX-License-Identifier: MIT */
/* Rules about names and sizes, where times and what is missing decide: in made runs. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "made_run.h"

#define OWNER_PID 3999990
#define OTHER_PID 3999991
#define THIRD_PID 3999992
#define MS 1000000ull

static uint64_t base;		/* when the owner began */

/* The severity of the only finding of a rule, -1 if there is none.  *text, if asked for, is its message, to be freed. */
static int severity_of(const char *rule, char **text)
{
	struct judged j = judge();
	const struct tshm_findings *found = j.found;
	int severity = -1;

	for (size_t i = 0; i < found->count; i++)
		if (!strcmp(found->list[i]->check->id, rule)) {
			assert_int_equal(severity, -1);
			severity = (int)found->list[i]->severity;
			if (text)
				*text = strdup(found->list[i]->message);
		}
	done(&j);
	return severity;
}

static void expect(const char *rule, enum tshm_severity severity, const char *words)
{
	char *text = NULL;

	assert_int_equal(severity_of(rule, &text), severity);
	if (!strstr(text, words))
		fail_msg("\"%s\" has no \"%s\"", text, words);
	free(text);
}

static void expect_no(const char *rule)
{
	assert_int_equal(severity_of(rule, NULL), -1);
}

/* An owner that made the name at 10 ms, and had it until `used`, both from its begin. */
static struct made owner(uint64_t used)
{
	struct made m = make_ledger(1, OWNER_PID, 1, "/bin/owner");
	struct tshm_history *h = make_name(&m, TSHM_SPACE_SHM, name, TSHM_HIF_EXCLUSIVE, make_site(&m, TSHM_CALL_shm_open, 0x1000));

	base = m.header->start_mono;
	h->begin_mono = h->before_mono = base + 10 * MS;
	h->low = (int64_t)(base + used);
	h->flags |= TSHM_HIF_IDENT;
	h->mode = S_IFREG | 0600;
	if (!h->ino) {		/* it is not there: so nobody looks whether it is the same */
		h->dev = 12345;
		h->ino = 678;
	}
	return m;
}

static struct tshm_history *event(struct made *m, enum tshm_history_type type, enum tshm_call call, uint64_t when)
{
	uint32_t site = make_site(m, call, 0x2000);
	struct tshm_history *h = make_record(m, TSHM_SEC_HISTORY, NULL);

	h->stamp = TSHM_STAMP(1, TSHM_STATE_CLOSED);
	h->type = (uint16_t)type;
	h->call = (uint16_t)call;
	h->site = site;
	h->space = TSHM_SPACE_SHM;
	h->count = 1;
	h->begin_mono = h->end_mono = base + when;
	snprintf(h->name, sizeof(h->name), "%s", name);
	return h;
}

static uint64_t removal_took;		/* ns from before the call to when it was noted */

static void removal(struct made *m, uint64_t when)
{
	struct tshm_history *h = event(m, TSHM_HIST_REMOVAL, TSHM_CALL_shm_unlink, when);

	h->begin_mono -= removal_took;
	h->flags = TSHM_HIF_IDENT;
	h->dev = 12345;
	h->ino = 678;
}

/* An owner, one that removes at `removed` (0: nobody), and one that asks for the name at `asked` and ends with `status`. */
static void three(uint64_t removed, uint64_t asked, enum tshm_call call, int status, bool after_all)
{
	struct made o = owner(15 * MS), r = make_ledger(2, OTHER_PID, OWNER_PID, "/bin/remover");
	struct made a = make_ledger(3, THIRD_PID, OWNER_PID, "/bin/asker");

	if (removed)
		removal(&r, removed);
	event(&a, TSHM_HIST_ATTACH_FAIL, call, asked)->extra = after_all;
	make_end(&o, TSHM_ENDED_EXIT, 0);
	make_end(&r, TSHM_ENDED_EXIT, 0);
	make_end(&a, TSHM_ENDED_EXIT, status);
	save(&o);
	save(&r);
	save(&a);
}

static void vanished(void **state)
{
	(void)state;
	three(20 * MS, 30 * MS, TSHM_CALL_shm_open, 1, false);
	expect("shm-vanished", TSHM_ERROR, "failed in asker (pid 3999992): remover (pid 3999991) had removed it");
	three(20 * MS, 30 * MS, TSHM_CALL_shm_open, 0, false);
	expect("shm-vanished", TSHM_WARNING, "remover");
	three(20 * MS, 30 * MS, TSHM_CALL_open, 1, false);	/* merely a file */
	expect("shm-vanished", TSHM_WARNING, "remover");
	three(20 * MS, 30 * MS, TSHM_CALL_open, 0, false);
	expect("shm-vanished", TSHM_NOTE, "remover");
}

static void not_vanished(void **state)
{
	(void)state;
	three(20 * MS, 30 * MS, TSHM_CALL_shm_open, 1, true);	/* it got it after all */
	expect_no("shm-vanished");
	three(20 * MS, 5 * MS, TSHM_CALL_shm_open, 1, false);	/* before it was made */
	expect_no("shm-vanished");
	three(0, 5 * MS, TSHM_CALL_shm_open, 1, false);
	expect_no("shm-vanished");
	three(30 * MS, 20 * MS, TSHM_CALL_shm_open, 1, false);	/* while it was there, they say: another place */
	expect_no("shm-vanished");
}

static void vanished_by_nobody(void **state)
{
	struct made o;

	(void)state;
	three(0, 30 * MS, TSHM_CALL_shm_open, 1, false);
	expect("shm-vanished", TSHM_ERROR, "it had been there, and nobody observed removed it");
	/* A ledger that lost history may have lost the removal. */
	o = owner(15 * MS);
	o.header->sections[TSHM_SEC_HISTORY].recycled = 1;
	make_end(&o, TSHM_ENDED_EXIT, 0);
	save(&o);
	expect_no("shm-vanished");
}

static void still_there(void **state)
{
	int fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	three(0, 30 * MS, TSHM_CALL_shm_open, 1, false);
	expect_no("shm-vanished");
}

static void removed_it_itself(void **state)
{
	struct made o = owner(15 * MS), a = make_ledger(2, OTHER_PID, OWNER_PID, "/bin/asker");

	(void)state;
	removal(&a, 20 * MS);
	event(&a, TSHM_HIST_ATTACH_FAIL, TSHM_CALL_shm_open, 30 * MS);
	make_end(&o, TSHM_ENDED_EXIT, 0);
	make_end(&a, TSHM_ENDED_EXIT, 1);
	save(&o);
	save(&a);
	expect("shm-vanished", TSHM_NOTE, "it had removed it itself");
}

/*
 * Two containers of one host, each with a /dev/shm of its own, and in each a segment of that name: one container
 * removes its own.  That does not explain why the other's is gone; nor does the removal of another object.
 */
static void another_of_that_name(void **state)
{
	(void)state;
	for (int round = 0; round < 3; round++) {
		struct made o = owner(15 * MS), r = make_ledger(2, OTHER_PID, OWNER_PID, "/bin/remover");
		struct made a = make_ledger(3, THIRD_PID, OWNER_PID, "/bin/asker");
		struct tshm_history *h = (void *)(o.bytes + tshm_ledger_offset(&o.header->sections[TSHM_SEC_HISTORY], 1));

		h->dev = 12345;
		h->ino = round == 1 ? 679 : 678;
		if (round == 0)
			r.header->shm_dev++;
		removal(&r, 20 * MS);
		event(&a, TSHM_HIST_ATTACH_FAIL, TSHM_CALL_shm_open, 30 * MS);
		make_end(&o, TSHM_ENDED_EXIT, 0);
		make_end(&r, TSHM_ENDED_EXIT, 0);
		make_end(&a, TSHM_ENDED_EXIT, 1);
		save(&o);
		save(&r);
		save(&a);
		expect("shm-vanished", TSHM_ERROR, round < 2 ? "nobody observed removed it" : "remover (pid 3999991) had removed it");
	}
}

/* Python's resource tracker of `user`, which `parent` started, removes the owner's segment at 20 ms. */
static void tracker(pid_t parent, uint64_t used, bool missed)
{
	static const char argv[] = "python3\0-c\0from multiprocessing.resource_tracker import main;main(5)";
	struct made o = owner(used), t = make_ledger(2, OTHER_PID, parent, "/usr/bin/python3");
	struct made u = make_ledger(3, THIRD_PID, 1, "/usr/bin/python3");
	struct tshm_child *c = make_child(parent == OWNER_PID ? &o : &u, OTHER_PID, TSHM_CHILD_SPAWN, 0);
	struct tshm_history *h = (void *)(o.bytes + tshm_ledger_offset(&o.header->sections[TSHM_SEC_HISTORY], 1));

	c->begin_mono = base;
	c->end_mono = base + 1000000 * MS;
	t.header->argv = make_string(&t, argv, sizeof(argv));
	removal(&t, 20 * MS);
	if (missed) {
		h->stamp = TSHM_STAMP(1, TSHM_STATE_CLOSED);
		h->flags |= TSHM_HIF_GONE;
		h->end_site = h->site;
	}
	make_end(&o, TSHM_ENDED_EXIT, 0);
	make_end(&t, TSHM_ENDED_EXIT, 0);
	make_end(&u, TSHM_ENDED_EXIT, 0);
	save(&o);
	save(&t);
	save(&u);
}

static void trackers(void **state)
{
	(void)state;
	tracker(THIRD_PID, 50 * MS, false);
	expect("shm-unlinked-in-use", TSHM_ERROR, "the resource tracker of another process, while its creator used it");
	tracker(THIRD_PID, 15 * MS, true);
	expect("shm-unlinked-in-use", TSHM_ERROR, "the resource tracker of another process, and its creator missed it");
	tracker(THIRD_PID, 15 * MS, false);	/* nobody had it any more */
	expect_no("shm-unlinked-in-use");
	/*
	 * The owner waited for the name to go, and let go of it while the tracker, on a busy machine, had not
	 * yet noted that its call had returned: "its creator missed it", said the report once in 240 runs.
	 */
	removal_took = 8 * MS;
	tracker(THIRD_PID, 15 * MS, true);
	removal_took = 0;
	expect("shm-unlinked-in-use", TSHM_ERROR, "the resource tracker of another process, while its creator used it");
	tracker(OWNER_PID, 50 * MS, false);	/* its own */
	expect("shm-unlinked-in-use", TSHM_NOTE, "while its creator used it");
}

/* Who executes another program stays who it is: what that removes it made itself. */
static void another_program(void **state)
{
	struct made o = owner(50 * MS), next = make_ledger(2, OWNER_PID, 1, "/bin/next");

	(void)state;
	next.header->exec_number = 1;
	next.header->start_mono = base + 1 * MS;
	removal(&next, 20 * MS);
	make_end(&o, TSHM_ENDED_EXEC, 0);
	o.header->end_mono = base;
	make_end(&next, TSHM_ENDED_EXIT, 0);
	save(&o);
	save(&next);
	expect_no("shm-unlinked-in-use");
}

/* The path of a socket: somebody else still has a socket that is bound to it, or nobody. */
static void bound(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct made m = make_ledger(1, OWNER_PID, 1, "/bin/owner");
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct tshm_history *h;
	struct stat st;

	(void)state;
	assert_true(fd >= 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", name);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(lstat(name, &st), 0);
	h = make_name(&m, TSHM_SPACE_SOCKET, name, TSHM_HIF_EXCLUSIVE | TSHM_HIF_IDENT, make_site(&m, TSHM_CALL_bind, 0x1000));
	h->dev = st.st_dev;
	h->ino = st.st_ino;
	make_end(&m, TSHM_ENDED_EXIT, 0);
	save(&m);
	expect_no("socket-path-leaked");
	close(fd);
	expect("socket-path-leaked", TSHM_NOTE, name);
	unlink(name);
	expect_no("socket-path-leaked");
}

/* A mapping of 64 KiB of the named segment, in a process that ended with it; the name has 4 KiB. */
static void mapped(uint64_t ended, uint64_t once)
{
	struct made m = owner(15 * MS);
	struct tshm_resource *r = make_resource(&m, TSHM_KIND_MAPPING, 0x7f0000000000, make_site(&m, TSHM_CALL_mmap, 0x3000));
	struct stat st;

	assert_int_equal(stat(name, &st), 0);
	r->origin = TSHM_ORIGIN_CREATED;
	r->flags = TSHM_RF_IDENT;
	r->dev = st.st_dev;
	r->ino = st.st_ino;
	r->length = 65536;
	r->size = once;
	make_end(&m, TSHM_ENDED_EXIT, 0);
	m.header->end_wall = (uint64_t)st.st_ctim.tv_sec * 1000000000u + (uint64_t)st.st_ctim.tv_nsec + ended - 1000 * MS;
	save(&m);
}

static void beyond_the_end(void **state)
{
	int fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 4096), 0);
	close(fd);
	mapped(1001 * MS, 65536);
	expect("shm-mapped-beyond-end", TSHM_WARNING, "reaches 60.0 KiB past its end (it was shrunk to 4.0 KiB)");
	mapped(1001 * MS, 4096);
	expect("shm-mapped-beyond-end", TSHM_NOTE, "(it has 4.0 KiB)");
	mapped(999 * MS, 65536);	/* it was changed after the process had ended */
	expect_no("shm-mapped-beyond-end");
}

/*
 * A child that has 64 KiB mapped dies of SIGBUS, and what it recorded last is that it shrank the segment to
 * 4 KiB.  Its parent, who let it grow again, is not in the child's records.  Only where nobody else can tell
 * they count, and not for certain.
 */
static void died_of_sigbus(void **state)
{
	int fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	(void)state;
	assert_true(fd >= 0);
	for (int round = 0; round < 5; round++) {
		struct made p = owner(15 * MS), c = make_ledger(2, OTHER_PID, OWNER_PID, "/bin/child");
		struct made before = make_ledger(3, OTHER_PID, OWNER_PID, "/bin/owner");
		struct tshm_child *record = make_child(&p, OTHER_PID, TSHM_CHILD_FORK, SIGBUS);
		struct tshm_resource *r[3];
		struct stat st;

		assert_int_equal(ftruncate(fd, round == 1 ? 4096 : 65536), 0);
		assert_int_equal(fstat(fd, &st), 0);
		r[0] = make_resource(&c, TSHM_KIND_MAPPING, 0x7f0000000000, make_site(&c, TSHM_CALL_mmap, 0x3000));
		r[0]->length = 65536;
		r[1] = make_resource(&c, TSHM_KIND_SEGMENT, 3, make_site(&c, TSHM_CALL_shm_open, 0x4000));
		r[1]->size = 4096;
		r[2] = make_resource(&p, TSHM_KIND_SEGMENT, 3, make_site(&p, TSHM_CALL_shm_open, 0x4000));
		r[2]->size = 65536;
		for (int i = 0; i < 3; i++) {
			r[i]->flags = TSHM_RF_IDENT;
			r[i]->dev = st.st_dev;
			r[i]->ino = st.st_ino;
		}
		if (round >= 2)
			unlink(name);
		record->begin_mono = c.header->start_mono - (round == 4 ? MS : 0);
		make_end(&p, TSHM_ENDED_EXIT, 0);
		p.header->end_mono = record->end_mono + (round == 2 || round == 4 ? 1 : -1 * MS);	/* after the child, or before */
		save(&p);
		if (round == 4) {	/* the child executed a program: what its parent saw of it is in the image before */
			make_end(&before, TSHM_ENDED_EXEC, 0);
			before.header->began = TSHM_BEGAN_FORK;
			before.header->start_mono = c.header->start_mono - MS;
			before.header->end_mono = c.header->start_mono;
			memcpy(before.header->parent_token, "00000000000000000000000000000001", 32);
			save(&before);
		} else {
			make_free(&before);
		}
		save(&c);
		if (round == 1)
			expect("shm-mapped-beyond-end", TSHM_ERROR, "60.0 KiB past its end (it was shrunk to 4.0 KiB): it died");
		else if (round == 3)
			expect("shm-mapped-beyond-end", TSHM_WARNING,
			       "60.0 KiB past its end (it was shrunk to 4.0 KiB, as far as was recorded): it died of SIGBUS");
		else
			expect_no("shm-mapped-beyond-end");
	}
	close(fd);
}

/* Made for all, closed to others later: as long as the name is there the kernel's word counts. */
static void exposed(void **state)
{
	int fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	struct tshm_history *h;
	struct made m;

	(void)state;
	assert_true(fd >= 0);
	for (int round = 0; round < 4; round++) {
		m = owner(15 * MS);
		h = (void *)(m.bytes + tshm_ledger_offset(&m.header->sections[TSHM_SEC_HISTORY], 1));
		h->mode = round == 1 ? S_IFREG | 0600 : S_IFREG | 0666;
		make_end(&m, TSHM_ENDED_EXIT, 0);
		save(&m);
		assert_int_equal(fchmod(fd, round == 0 ? 0600 : round == 1 ? 0666 : 0644), 0);
		if (round == 3)
			unlink(name);
		if (round == 0)
			expect_no("shm-exposed");
		else
			expect("shm-exposed", round == 2 ? TSHM_NOTE : TSHM_WARNING, round == 2 ? "may be read by" : "may be read and written by");
	}
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(vanished, set_up, tear_down),
		cmocka_unit_test_setup_teardown(not_vanished, set_up, tear_down),
		cmocka_unit_test_setup_teardown(vanished_by_nobody, set_up, tear_down),
		cmocka_unit_test_setup_teardown(still_there, set_up, tear_down),
		cmocka_unit_test_setup_teardown(removed_it_itself, set_up, tear_down),
		cmocka_unit_test_setup_teardown(another_of_that_name, set_up, tear_down),
		cmocka_unit_test_setup_teardown(trackers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(another_program, set_up, tear_down),
		cmocka_unit_test_setup_teardown(bound, set_up, tear_down),
		cmocka_unit_test_setup_teardown(beyond_the_end, set_up, tear_down),
		cmocka_unit_test_setup_teardown(died_of_sigbus, set_up, tear_down),
		cmocka_unit_test_setup_teardown(exposed, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
