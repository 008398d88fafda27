/* SPDX-License-Identifier: MIT */
/* The rules of CUDA IPC: for each a run that it must find, and one that looks alike and is no fault. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../report/gate.h"
#include "../../report/ipc.h"
#include "../../report/runs.h"
#include "make_ledger.h"

#define MS 1000000ull
#define EXPORTER 3999991	/* processes that no longer live */
#define IMPORTER 3999992
#define ENDS 1000		/* ms: when processes end, if nobody says otherwise */

static char directory[] = "/tmp/test_ipc.XXXXXX";
static uint64_t epoch;		/* all times are ms from here */

struct judged {
	struct tshm_run *run;
	struct tshm_findings *found;
};

static struct made image(unsigned number, pid_t pid, const char *exe)
{
	struct made m = make_ledger(number, pid, 1, exe);

	m.header->start_mono = epoch + number;
	return m;
}

static struct made exporter(void) { return image(1, EXPORTER, "/opt/exporter"); }
static struct made importer(void) { return image(2, IMPORTER, "/opt/importer"); }

static void save(struct made *m)
{
	assert_int_equal(make_save(m, directory), 0);
	make_free(m);
}

static void save_ended(struct made *m, uint64_t ms)
{
	make_end(m, TSHM_ENDED_EXIT, 0);
	m->header->end_mono = epoch + ms * MS;
	save(m);
}

/* A record with the handle `handle`, from `begin` to `end` ms; end 0: it is live. */
static struct tshm_ipc *record(struct made *m, enum tshm_ipc_role role, int handle, uint64_t begin, uint64_t end)
{
	static const uint16_t calls[][2] = {
		[TSHM_IPC_EXPORT] = { TSHM_CALL_cudaIpcGetMemHandle, TSHM_CALL_cudaFree },
		[TSHM_IPC_IMPORT] = { TSHM_CALL_cudaIpcOpenMemHandle, TSHM_CALL_cudaIpcCloseMemHandle },
		[TSHM_IPC_EVENT_EXPORT] = { TSHM_CALL_cudaEventCreateWithFlags, TSHM_CALL_cudaEventDestroy },
		[TSHM_IPC_EVENT_IMPORT] = { TSHM_CALL_cudaIpcOpenEventHandle, TSHM_CALL_cudaEventDestroy },
		[TSHM_IPC_BAD_CLOSE] = { TSHM_CALL_cudaIpcCloseMemHandle, 0 },
		[TSHM_IPC_AFTER_FORK] = { TSHM_CALL_cudaMalloc, 0 },
	};
	uint64_t address = 0x1000 + 0x100 * (uint64_t)role;
	uint32_t site = make_site(m, calls[role][0], address), end_site = end ? make_site(m, calls[role][1], address + 8) : 0;
	struct tshm_ipc *r = make_record(m, TSHM_SEC_IPC, NULL);

	r->role = (uint16_t)role;
	memset(r->handle, handle, sizeof(r->handle));
	r->site = site;
	r->call = calls[role][0];
	r->begin_mono = epoch + begin * MS;
	r->count = 1;
	r->pointer = 0x7f0000000000;
	if (role == TSHM_IPC_EXPORT || role == TSHM_IPC_IMPORT) {
		r->base = r->pointer;
		r->size = 2u << 20;
	}
	if (end) {
		r->stamp = TSHM_STAMP(1, TSHM_STATE_CLOSED);
		r->end_mono = epoch + end * MS;
		r->end_site = end_site;
		r->end_call = calls[role][1];
		r->released = role == TSHM_IPC_IMPORT;
	}
	return r;
}

static struct judged judge(void)
{
	char *args[] = { directory }, *error;
	struct judged j;

	j.run = tshm_run_load(args, 1, &error);
	assert_null(error);
	j.found = tshm_judge(j.run);
	return j;
}

static void done(struct judged *j)
{
	tshm_findings_free(j->found);
	tshm_run_free(j->run);
}

static const struct tshm_finding *find(const struct judged *j, const char *rule)
{
	for (size_t i = 0; i < j->found->count; i++)
		if (!strcmp(j->found->list[i]->check->id, rule))
			return j->found->list[i];
	return NULL;
}

static const struct tshm_finding *expect(const struct judged *j, const char *rule, enum tshm_severity severity, const char *text)
{
	const struct tshm_finding *f = find(j, rule);

	if (!f) {
		fail_msg("no %s", rule);
		return NULL;
	}
	if (!strstr(f->message, text))
		fail_msg("\"%s\" has no \"%s\"", f->message, text);
	assert_int_equal(f->severity, severity);
	assert_true(f->site || !strcmp(rule, "ipc-limbo"));
	assert_non_null(f->advice);
	return f;
}

/* Judge once: this and nothing else but notes. */
static void only(const char *rule, enum tshm_severity severity, const char *text, const char *second)
{
	struct judged j = judge();
	const struct tshm_finding *f = expect(&j, rule, severity, text);

	for (size_t i = 0; i < j.found->count; i++)
		if (j.found->list[i]->severity != TSHM_NOTE && j.found->list[i] != f)
			fail_msg("also %s: %s", j.found->list[i]->check->id, j.found->list[i]->message);
	if (second) {
		assert_true(f->site2 != 0);
		assert_string_equal(f->stack2_title, second);
	} else {
		assert_null(f->image2);
	}
	done(&j);
}

static void nothing(void)
{
	struct judged j = judge();

	if (j.found->count)
		fail_msg("%s: %s", j.found->list[0]->check->id, j.found->list[0]->message);
	done(&j);
}

static enum tshm_gate gate(const struct judged *j)
{
	char *error;
	struct tshm_policy *policy = tshm_policy_read(NULL, &error);
	struct tshm_verdict v = tshm_gate_judge(policy, j->run, j->found);

	tshm_policy_free(policy);
	free(v.why);
	return v.gate;
}

static int set_up(void **state)
{
	struct made m = make_ledger(9, 1, 1, "/x");

	(void)state;
	epoch = m.header->start_mono;
	make_free(&m);
	strcpy(directory, "/tmp/test_ipc.XXXXXX");
	return mkdtemp(directory) ? 0 : -1;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	return system(command);
}

/* An exporter whose memory lives until `freed` (0: for ever), and which itself ends at `ends`. */
static void export(enum tshm_ipc_role role, int handles, uint64_t freed, uint64_t ends)
{
	struct made m = exporter();

	for (int i = 1; i <= handles; i++)
		record(&m, role, i, 10, freed);
	save_ended(&m, ends);
}

/* The same for an importer. */
static void import(enum tshm_ipc_role role, int handles, uint64_t closed, uint64_t ends)
{
	struct made m = importer();

	for (int i = 1; i <= handles; i++)
		record(&m, role, i, 20, closed);
	save_ended(&m, ends);
}

/* ---- what is right ---- */

static void test_clean(void **state)
{
	struct judged j;

	(void)state;
	export(TSHM_IPC_EXPORT, 9, 50, ENDS);
	import(TSHM_IPC_IMPORT, 9, 40, ENDS);
	nothing();
	j = judge();
	assert_int_equal(j.run->handle_count, 9);
	assert_int_equal(j.run->handles[0].export_count, 1);
	assert_int_equal(j.run->handles[0].import_count, 1);
	assert_ptr_equal(j.run->handles[3].imports[0]->exporter, j.run->handles[3].exports[0]);
	done(&j);
	export(TSHM_IPC_EVENT_EXPORT, 9, 50, ENDS);
	import(TSHM_IPC_EVENT_IMPORT, 9, 40, ENDS);
	nothing();
}

/* Memory of a device is no descriptor and no mapping, and nobody's leak at exit. */
static void test_allocations(void **state)
{
	struct made m = exporter();
	struct judged j;

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		struct tshm_resource *r = make_resource(&m, TSHM_KIND_CUDA_MEMORY, 0x7f0000000000 + i * 0x1000,
							make_site(&m, TSHM_CALL_cudaMalloc, 0x10));

		r->origin = i ? TSHM_ORIGIN_CREATED : TSHM_ORIGIN_FORK;
		r->length = 4096;
		r->ino = 0x5555;
	}
	save_ended(&m, ENDS);
	j = judge();
	assert_int_equal(j.found->count, 0);
	assert_int_equal(j.run->object_count, 19);
	assert_string_equal(j.run->objects->id, "cuda:0000000000000000:7f0000001000");
	assert_int_equal(j.run->objects->size, 4096);
	done(&j);
}

static void none_of(const char *rule)
{
	struct judged j = judge();
	const struct tshm_finding *f = find(&j, rule);

	if (f)
		fail_msg("%s: %s", rule, f->message);
	done(&j);
}

/* ---- ipc-mem-unclosed ---- */

static void test_unclosed(void **state)
{
	struct made m;

	(void)state;
	export(TSHM_IPC_EXPORT, 6, 0, ENDS);
	import(TSHM_IPC_IMPORT, 6, 0, ENDS);
	only("ipc-mem-unclosed", TSHM_WARNING, "6 opens of CUDA memory (12.0 MiB pinned) by cudaIpcOpenMemHandle in importer (pid "
	     "3999992) were never closed, and piled up until the end", "exported by");
	/* At the tolerance. */
	import(TSHM_IPC_IMPORT, 5, 0, ENDS);
	only("ipc-mem-unclosed", TSHM_NOTE, "5 opens of CUDA memory (10.0 MiB pinned) by cudaIpcOpenMemHandle in importer (pid "
	     "3999992) were never closed; reclaimed by the driver at exit", "exported by");
	/* One handle, opened again and again. */
	m = importer();
	record(&m, TSHM_IPC_IMPORT, 1, 20, 0)->count = 7;
	save_ended(&m, ENDS);
	only("ipc-mem-unclosed", TSHM_WARNING, "7 opens of CUDA memory (2.0 MiB pinned)", "exported by");
	/* Killed. */
	m = importer();
	record(&m, TSHM_IPC_IMPORT, 1, 20, 0)->count = 7;
	save(&m);
	only("ipc-mem-unclosed", TSHM_NOTE, "as last recorded; reclaimed by the driver", "exported by");
	/* The exporter is not known: still a fact about the importer. */
	m = importer();
	record(&m, TSHM_IPC_IMPORT, 77, 20, 0)->size = 0;
	save_ended(&m, ENDS);
	only("ipc-mem-unclosed", TSHM_NOTE, "1 open of CUDA memory by", NULL);
}

static void test_not_unclosed(void **state)
{
	struct tshm_ipc *r;
	struct made m;

	(void)state;
	export(TSHM_IPC_EXPORT, 6, 0, ENDS);
	/* The context was reset: everything in it went. */
	m = importer();
	for (int i = 1; i < 7; i++)
		record(&m, TSHM_IPC_IMPORT, i, 20, 30)->flags = TSHM_IPCF_RESET;
	save_ended(&m, ENDS);
	none_of("ipc-mem-unclosed");
	/* An open that failed is none. */
	m = importer();
	r = record(&m, TSHM_IPC_IMPORT, 1, 20, 0);
	r->count = 0;
	r->error = 400;
	save_ended(&m, ENDS);
	none_of("ipc-mem-unclosed");
	/* Everything closed, as often as it was opened, though the record is live still. */
	m = importer();
	r = record(&m, TSHM_IPC_IMPORT, 1, 20, 0);
	r->count = r->released = 3;
	save_ended(&m, ENDS);
	none_of("ipc-mem-unclosed");
}

static void test_uneven(void **state)
{
	struct tshm_ipc *r;
	struct made m;

	(void)state;
	export(TSHM_IPC_EXPORT, 1, 0, ENDS);
	m = importer();
	r = record(&m, TSHM_IPC_IMPORT, 1, 20, 0);
	r->count = 3;
	r->released = 1;
	save_ended(&m, ENDS);
	only("ipc-mem-unclosed", TSHM_WARNING, "(2.0 MiB pinned) was opened 3 times by cudaIpcOpenMemHandle in importer (pid "
	     "3999992), closed 1 time", "exported by");
}

/* Of what a running process has open only what piles up is told: this test is the process. */
static void test_running(void **state)
{
	struct made m = image(2, getpid(), "/opt/importer");
	struct judged j;
	void *mapped;
	char path[128];
	int fd;

	(void)state;
	export(TSHM_IPC_EXPORT, 6, 0, 2000000);
	record(&m, TSHM_IPC_IMPORT, 1, 20, 0);
	assert_int_equal(make_save(&m, directory), 0);
	snprintf(path, sizeof(path), "%s/%.32s.tshm", directory, m.header->token);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	mapped = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	assert_true(mapped != MAP_FAILED);
	none_of("ipc-mem-unclosed");
	for (int i = 2; i < 7; i++)
		record(&m, TSHM_IPC_IMPORT, i, 20, 0);
	assert_int_equal(make_save(&m, directory), 0);
	j = judge();
	expect(&j, "ipc-mem-unclosed", TSHM_NOTE, "were never closed, and piled up so far");
	done(&j);
	/* It outlives its exporter, which freed it. */
	export(TSHM_IPC_EXPORT, 6, 30, ENDS);
	only("ipc-exporter-freed", TSHM_ERROR, "importer (pid", "opened by");
	export(TSHM_IPC_EXPORT, 6, 0, ENDS);
	only("ipc-exporter-gone", TSHM_WARNING, "exporter (pid 3999991) ended while importer", "opened by");
	munmap(mapped, 4096);
	close(fd);
	make_free(&m);
}

/* ---- ipc-event-leaked ---- */

static void test_events(void **state)
{
	struct judged j;
	struct made m;

	(void)state;
	export(TSHM_IPC_EVENT_EXPORT, 6, 0, ENDS);
	import(TSHM_IPC_EVENT_IMPORT, 6, 40, ENDS);
	only("ipc-event-leaked", TSHM_WARNING, "6 CUDA events for other processes by cudaEventCreateWithFlags in exporter (pid "
	     "3999991) were never destroyed, and piled up until the end", "opened by");
	export(TSHM_IPC_EVENT_EXPORT, 6, 50, ENDS);
	import(TSHM_IPC_EVENT_IMPORT, 6, 0, 45);
	only("ipc-event-leaked", TSHM_WARNING, "6 opened CUDA events of another process by cudaIpcOpenEventHandle in importer (pid "
	     "3999992) were never destroyed", "exported by");
	import(TSHM_IPC_EVENT_IMPORT, 5, 0, 45);
	only("ipc-event-leaked", TSHM_NOTE, "reclaimed by the driver at exit", "exported by");
	/* Events of which nobody made a handle. */
	m = exporter();
	for (int i = 1; i < 9; i++)
		record(&m, TSHM_IPC_EVENT_EXPORT, 0, 10, 0)->count = 0;
	save_ended(&m, ENDS);
	import(TSHM_IPC_EVENT_IMPORT, 0, 0, 45);
	nothing();
	j = judge();
	assert_int_equal(j.run->handle_count, 0);	/* zeros join nothing */
	done(&j);
}

/* ---- ipc-exporter-freed, ipc-exporter-gone ---- */

static void test_freed(void **state)
{
	struct judged j;
	struct made m;

	(void)state;
	export(TSHM_IPC_EXPORT, 2, 30, ENDS);
	import(TSHM_IPC_IMPORT, 2, 40, ENDS);
	only("ipc-exporter-freed", TSHM_ERROR, "exporter (pid 3999991) freed CUDA memory (4.0 MiB) by cudaFree while importer (pid "
	     "3999992) had it open, 2 times", "opened by");
	j = judge();
	assert_int_equal(find(&j, "ipc-exporter-freed")->site, j.run->images[0]->ipcs[0].r.end_site);
	assert_int_equal(gate(&j), TSHM_GATE_FAIL);
	done(&j);
	/* Open until the importer ended. */
	import(TSHM_IPC_IMPORT, 1, 0, ENDS);
	j = judge();
	expect(&j, "ipc-exporter-freed", TSHM_ERROR, "had it open");
	done(&j);
	import(TSHM_IPC_IMPORT, 1, 0, 25);
	none_of("ipc-exporter-freed");
	/* With its context. */
	m = exporter();
	record(&m, TSHM_IPC_EXPORT, 1, 10, 30)->flags = TSHM_IPCF_RESET;
	save_ended(&m, ENDS);
	import(TSHM_IPC_IMPORT, 1, 40, ENDS);
	only("ipc-exporter-freed", TSHM_ERROR, "with its context by cudaFree", "opened by");
	export(TSHM_IPC_EVENT_EXPORT, 1, 30, ENDS);
	import(TSHM_IPC_EVENT_IMPORT, 1, 40, ENDS);
	only("ipc-exporter-freed", TSHM_WARNING, "destroyed a CUDA event by cudaEventDestroy while", "opened by");
	/* PyTorch's receivers just keep theirs. */
	import(TSHM_IPC_EVENT_IMPORT, 1, 0, ENDS);
	only("ipc-exporter-freed", TSHM_NOTE, "destroyed a CUDA event by cudaEventDestroy while", "opened by");
}

static void test_not_freed(void **state)
{
	struct judged j;
	struct tshm_ipc *r;
	struct made m;

	(void)state;
	/* Freed, and allocated again at the same address with the same handle: the importer has the second. */
	m = exporter();
	record(&m, TSHM_IPC_EXPORT, 1, 10, 15);
	record(&m, TSHM_IPC_EXPORT, 1, 18, 50);
	save_ended(&m, ENDS);
	import(TSHM_IPC_IMPORT, 1, 40, ENDS);
	none_of("ipc-exporter-freed");
	j = judge();
	assert_int_equal(j.run->handle_count, 1);
	assert_ptr_equal(j.run->handles[0].imports[0]->exporter, j.run->handles[0].exports[1]);
	assert_int_equal(j.run->handles[0].exports[0]->importer_count, 0);
	done(&j);
	/* A stale handle that could still be opened. */
	export(TSHM_IPC_EXPORT, 1, 15, ENDS);
	none_of("ipc-exporter-freed");
	/* The other way round: it has the first. */
	m = exporter();
	record(&m, TSHM_IPC_EXPORT, 1, 10, 25);
	record(&m, TSHM_IPC_EXPORT, 1, 28, 50);
	save_ended(&m, ENDS);
	only("ipc-exporter-freed", TSHM_ERROR, "freed CUDA memory", "opened by");
	/* It tried, and failed. */
	export(TSHM_IPC_EXPORT, 1, 30, ENDS);
	m = importer();
	r = record(&m, TSHM_IPC_IMPORT, 1, 20, 40);
	r->count = 0;
	r->error = 201;
	save_ended(&m, ENDS);
	none_of("ipc-exporter-freed");
	/* Another boot: the times have nothing to do with each other, nor have the handles. */
	m = importer();
	record(&m, TSHM_IPC_IMPORT, 1, 20, 40);
	strcpy(m.header->boot_id, "another");
	save_ended(&m, ENDS);
	none_of("ipc-exporter-freed");
}

/* A killed importer noted no end: it lived at its last call, and was dead when it was collected. */
static void test_freed_killed(void **state)
{
	struct made parent = image(3, 3999990, "/opt/parent"), m;
	struct tshm_child *c = make_child(&parent, IMPORTER, TSHM_CHILD_FORK, 9);

	(void)state;
	c->begin_mono = epoch;
	c->end_mono = epoch + 60 * MS;
	save_ended(&parent, ENDS);
	export(TSHM_IPC_EXPORT, 1, 30, ENDS);
	m = importer();
	record(&m, TSHM_IPC_IMPORT, 1, 20, 0);
	save(&m);
	only("ipc-exporter-freed", TSHM_WARNING, "importer (pid 3999992, killed by SIGKILL) may have had it open", "opened by");
	/* It did something later. */
	m = importer();
	record(&m, TSHM_IPC_IMPORT, 1, 20, 0);
	record(&m, TSHM_IPC_IMPORT, 2, 31, 32);
	save(&m);
	only("ipc-exporter-freed", TSHM_ERROR, "killed by SIGKILL) had it open", "opened by");
	/* Collected before. */
	export(TSHM_IPC_EXPORT, 1, 70, ENDS);
	none_of("ipc-exporter-freed");
}

static void test_gone(void **state)
{
	struct made parent = image(3, 3999990, "/opt/parent"), m;
	struct tshm_child *c = make_child(&parent, EXPORTER, TSHM_CHILD_FORK, 9);

	(void)state;
	export(TSHM_IPC_EXPORT, 1, 0, 30);
	import(TSHM_IPC_IMPORT, 1, 45, ENDS);
	only("ipc-exporter-gone", TSHM_WARNING, "exporter (pid 3999991) ended while importer (pid 3999992) still had its CUDA "
	     "memory (2.0 MiB) open", "opened by");
	/* At that very time, and before. */
	import(TSHM_IPC_IMPORT, 1, 30, ENDS);
	nothing();
	import(TSHM_IPC_IMPORT, 1, 25, ENDS);
	nothing();
	/* Killed, and nobody knows when. */
	m = exporter();
	record(&m, TSHM_IPC_EXPORT, 1, 10, 0);
	save(&m);
	import(TSHM_IPC_IMPORT, 1, 500, ENDS);
	none_of("ipc-exporter-gone");
	c->begin_mono = epoch;
	c->end_mono = epoch + 60 * MS;
	save_ended(&parent, ENDS);
	only("ipc-exporter-gone", TSHM_WARNING, "exporter (pid 3999991, killed by SIGKILL) ended while", "opened by");
}

/* ---- one party ---- */

static struct tshm_ipc *event(struct made *m, enum tshm_ipc_role role, uint32_t count, int error)
{
	struct tshm_ipc *r = record(m, role, 0, 60, 0);

	r->stamp = TSHM_STAMP(1, TSHM_STATE_CLOSED);
	r->count = count;
	r->error = error;
	return r;
}

static void test_unbalanced(void **state)
{
	struct made m = importer();

	(void)state;
	export(TSHM_IPC_EXPORT, 1, 70, ENDS);
	record(&m, TSHM_IPC_IMPORT, 1, 20, 40);
	event(&m, TSHM_IPC_BAD_CLOSE, 2, 1);
	save_ended(&m, ENDS);
	only("ipc-unbalanced-close", TSHM_ERROR, "cudaIpcCloseMemHandle of 0x7f0000000000, which was closed before, in importer (pid "
	     "3999992): error 1 (invalid value), 2 times", "closed before by");
	m = importer();
	record(&m, TSHM_IPC_IMPORT, 1, 20, 40);
	event(&m, TSHM_IPC_BAD_CLOSE, 1, 400)->pointer = 0x1234;
	save_ended(&m, ENDS);
	only("ipc-unbalanced-close", TSHM_ERROR, "0x1234, which was not open, in importer (pid 3999992): error 400 (invalid handle)",
	     NULL);
	/* After main() the driver is gone already. */
	m = importer();
	record(&m, TSHM_IPC_IMPORT, 1, 20, 40);
	event(&m, TSHM_IPC_BAD_CLOSE, 1, 4);
	save_ended(&m, ENDS);
	only("ipc-unbalanced-close", TSHM_NOTE, "4 (deinitialized)", "closed before by");
}

static void test_same_process(void **state)
{
	struct made m = exporter();
	struct tshm_ipc *r;

	(void)state;
	record(&m, TSHM_IPC_EXPORT, 1, 10, 50);
	r = record(&m, TSHM_IPC_IMPORT, 1, 20, 20);
	r->count = 0;
	r->error = 201;
	save_ended(&m, ENDS);
	only("ipc-same-process", TSHM_ERROR, "exporter (pid 3999991) opened by cudaIpcOpenMemHandle the handle of CUDA memory that it had "
	     "exported itself: error 201 (invalid device context)", "exported by");
	m = exporter();
	record(&m, TSHM_IPC_EVENT_EXPORT, 1, 10, 50);
	record(&m, TSHM_IPC_EVENT_IMPORT, 1, 20, 30);
	save_ended(&m, ENDS);
	only("ipc-same-process", TSHM_WARNING, "the handle of an event that", "exported by");
	/* An event and memory whose bytes happen to be the same. */
	m = exporter();
	record(&m, TSHM_IPC_EXPORT, 1, 10, 50);
	record(&m, TSHM_IPC_EVENT_IMPORT, 1, 20, 30);
	save_ended(&m, ENDS);
	none_of("ipc-same-process");
}

static void test_interior(void **state)
{
	struct made m = exporter(), other = importer();
	struct tshm_ipc *r;

	(void)state;
	r = record(&m, TSHM_IPC_EXPORT, 1, 10, 50);
	r->flags = TSHM_IPCF_INTERIOR;
	r->pointer = r->base + 512;
	r->size = 4096;
	r->origin_site = make_site(&m, TSHM_CALL_cudaMalloc, 0x9999);
	save_ended(&m, ENDS);
	record(&other, TSHM_IPC_IMPORT, 1, 20, 40);
	save_ended(&other, ENDS);
	only("ipc-interior-export", TSHM_WARNING, "cudaIpcGetMemHandle in exporter (pid 3999991) of a pointer 512 B into an allocation of "
	     "4.0 KiB: who opens the handle gets the allocation's start, not this pointer, and sees all of it; importer (pid 3999992) "
	     "got 2.0 MiB, 2.0 MiB more than the allocation", "allocated by");
	/* What cannot be an offset is none. */
	m = exporter();
	r = record(&m, TSHM_IPC_EXPORT, 1, 10, 50);
	r->flags = TSHM_IPCF_INTERIOR;
	r->base = r->pointer + 1;
	save_ended(&m, ENDS);
	nothing();
	m = exporter();
	r = record(&m, TSHM_IPC_EXPORT, 1, 10, 50);
	r->flags = TSHM_IPCF_INTERIOR;
	r->base = r->pointer + 1;
	r->size = 0;
	save_ended(&m, ENDS);
	nothing();
}

static void test_limbo(void **state)
{
	struct made m;

	(void)state;
	/* Whoever opened it, the record may have been overwritten. */
	export(TSHM_IPC_EXPORT, 3, 50, ENDS);
	m = importer();
	m.header->sections[TSHM_SEC_IPC].recycled = 1;
	save_ended(&m, ENDS);
	none_of("ipc-limbo");
	export(TSHM_IPC_EXPORT, 3, 50, ENDS);
	import(TSHM_IPC_IMPORT, 1, 40, ENDS);
	only("ipc-limbo", TSHM_NOTE, "2 exported handles of CUDA memory (4.0 MiB) by cudaIpcGetMemHandle in exporter (pid 3999991) were "
	     "opened by no observed process", NULL);
	/* Of an event that nobody waits for nobody keeps anything. */
	export(TSHM_IPC_EVENT_EXPORT, 3, 50, ENDS);
	import(TSHM_IPC_EVENT_IMPORT, 1, 40, ENDS);
	nothing();
}

static void test_after_fork(void **state)
{
	struct made m = importer();

	(void)state;
	event(&m, TSHM_IPC_AFTER_FORK, 3, 3);
	save_ended(&m, ENDS);
	only("cuda-after-fork", TSHM_ERROR, "cudaMalloc in importer (pid 3999992), which was forked from a process that had used CUDA: "
	     "error 3 (not initialized), 3 times", NULL);
	m = importer();
	event(&m, TSHM_IPC_AFTER_FORK, 1, 3)->call = TSHM_CALL_cuInit;
	save_ended(&m, ENDS);
	only("cuda-after-fork", TSHM_WARNING, "cuInit in importer", NULL);
}

/*
 * A server of CUDA forks a child that uses none.  When the child ends, C++ destructors free what the parent
 * allocated: the driver refuses, and nothing is the worse for it.
 */
static void test_freed_after_fork(void **state)
{
	static const struct { uint16_t call; int error; enum tshm_severity severity; } calls[] = {
		{ TSHM_CALL_cuMemFree_v2, 3, TSHM_NOTE }, { TSHM_CALL_cudaFree, 4, TSHM_NOTE },
		{ TSHM_CALL_cudaEventDestroy, 3, TSHM_NOTE }, { TSHM_CALL_cudaIpcCloseMemHandle, 4, TSHM_NOTE },
		{ TSHM_CALL_cuMemFree_v2, 0, TSHM_ERROR }, { TSHM_CALL_cudaFree, 700, TSHM_ERROR },
		{ TSHM_CALL_cudaEventCreate, 3, TSHM_ERROR }, { TSHM_CALL_cuIpcGetMemHandle, 4, TSHM_ERROR },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		struct made m = importer();

		event(&m, TSHM_IPC_AFTER_FORK, 1, calls[i].error)->call = calls[i].call;
		save_ended(&m, ENDS);
		only("cuda-after-fork", calls[i].severity, "in importer (pid 3999992), which was forked", NULL);
	}
}

/* PyTorch's counters of who uses the exported memory, left behind; and a segment that only looks like them. */
static void test_torch_counters(void **state)
{
	static const off_t sizes[] = { 80064, 80128 };
	char name[64];

	(void)state;
	snprintf(name, sizeof(name), "/dev/shm/torch_%d_%d_0", EXPORTER, (int)getpid());
	for (int i = 0; i < 2; i++) {
		int fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		struct made m = exporter();
		const struct tshm_finding *f;
		struct judged j;

		assert_true(fd >= 0);
		assert_int_equal(ftruncate(fd, sizes[i]), 0);
		close(fd);
		make_name(&m, TSHM_SPACE_SHM, name, TSHM_HIF_EXCLUSIVE, make_site(&m, TSHM_CALL_shm_open, 0x77));
		record(&m, TSHM_IPC_EXPORT, 1, 10, 0);
		record(&m, TSHM_IPC_EXPORT, 2, 10, 50);
		save_ended(&m, ENDS);
		j = judge();
		f = find(&j, "shm-leaked");
		unlink(name);
		assert_non_null(f);
		assert_int_equal(!strstr(f->message, "counters of who uses 2 CUDA allocations (4.0 MiB)"), i);
		assert_int_equal(f->site2 != 0, !i);
		done(&j);
	}
}

/* ---- ledgers that lie, and old ones ---- */

static void test_hostile(void **state)
{
	uint64_t seed = 42;
	struct judged j;

	(void)state;
	for (int round = 0; round < 200; round++) {
		struct made m[2] = { exporter(), importer() };

		for (int i = 0; i < 40; i++) {
			struct tshm_ipc *r = record(&m[i & 1], (enum tshm_ipc_role)(1 + i % 6), 1 + i % 3, 10, i % 4 ? 0 : 30);
			uint8_t *bytes = (uint8_t *)r;

			for (int k = 0; k < 12; k++) {
				seed = seed * 6364136223846793005u + 1442695040888963407u;
				bytes[8 + (seed >> 33) % (sizeof(*r) - 8)] = (uint8_t)(seed >> 60 ? seed >> 40 : 255);
			}
		}
		save_ended(&m[0], ENDS);
		save_ended(&m[1], ENDS);
		j = judge();
		for (size_t i = 0; i < 2; i++)
			for (size_t k = 0; k < j.run->images[i]->ipc_count; k++) {
				const struct tshm_ripc *ipc = &j.run->images[i]->ipcs[k];

				assert_in_range(ipc->r.role, 1, 6);
				assert_true(ipc->r.site < j.run->images[i]->site_count);
				assert_true(ipc->r.end_site < j.run->images[i]->site_count);
				assert_true(ipc->r.origin_site < j.run->images[i]->site_count);
				assert_true(ipc->r.released <= ipc->r.count);
			}
		done(&j);
	}
}

/* From before the section was there. */
static void test_old(void **state)
{
	struct made m = exporter();
	struct judged j;

	(void)state;
	m.header->section_count = TSHM_SEC_IPC;
	memset(&m.header->sections[TSHM_SEC_IPC], 0, sizeof(m.header->sections[0]));
	m.header->sections[TSHM_SEC_IPC].lost = 5;	/* not a section: nothing was lost */
	save_ended(&m, ENDS);
	j = judge();
	assert_int_equal(j.run->image_count, 1);
	assert_int_equal(j.run->problem_count, 0);
	assert_int_equal(j.found->count, 0);
	done(&j);
	/* A ledger that lost records of this kind cannot be judged. */
	m = exporter();
	m.header->sections[TSHM_SEC_IPC].lost = 1;
	save_ended(&m, ENDS);
	j = judge();
	assert_int_equal(gate(&j), TSHM_GATE_UNJUDGED);
	done(&j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_clean, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_allocations, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_unclosed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_not_unclosed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_uneven, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_running, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_events, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_freed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_not_freed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_freed_killed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_gone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_unbalanced, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_same_process, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_interior, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_limbo, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_after_fork, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_freed_after_fork, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_torch_counters, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_hostile, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_old, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
