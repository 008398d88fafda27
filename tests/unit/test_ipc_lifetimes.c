/* SPDX-License-Identifier: MIT */
/*
 * The rules of CUDA IPC about what is open for how long, here and at the other party: for each a run that it
 * must find, and one that looks alike and is no fault.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "made_ipc.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_unclosed, set_up_ipc, tear_down),
		cmocka_unit_test_setup_teardown(test_not_unclosed, set_up_ipc, tear_down),
		cmocka_unit_test_setup_teardown(test_uneven, set_up_ipc, tear_down),
		cmocka_unit_test_setup_teardown(test_running, set_up_ipc, tear_down),
		cmocka_unit_test_setup_teardown(test_events, set_up_ipc, tear_down),
		cmocka_unit_test_setup_teardown(test_freed, set_up_ipc, tear_down),
		cmocka_unit_test_setup_teardown(test_not_freed, set_up_ipc, tear_down),
		cmocka_unit_test_setup_teardown(test_freed_killed, set_up_ipc, tear_down),
		cmocka_unit_test_setup_teardown(test_gone, set_up_ipc, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
