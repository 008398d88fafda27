/* SPDX-License-Identifier: MIT */
/*
 * The rules of CUDA IPC about one party or one handle: for each a run that it must find, and one that looks
 * alike and is no fault.  What is open for how long is in test_ipc_lifetimes.c.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "made_ipc.h"

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
	static const struct { uint16_t call; int error; uint64_t freed; enum tshm_severity severity; } calls[] = {
		{ TSHM_CALL_cuMemFree_v2, 3, 0x7f0000, TSHM_NOTE }, { TSHM_CALL_cudaFree, 4, 0x7f0000, TSHM_NOTE },
		{ TSHM_CALL_cudaEventDestroy, 3, 0, TSHM_NOTE }, { TSHM_CALL_cudaIpcCloseMemHandle, 4, 0, TSHM_NOTE },
		{ TSHM_CALL_cuMemFree_v2, 0, 0x7f0000, TSHM_ERROR }, { TSHM_CALL_cudaFree, 700, 0x7f0000, TSHM_ERROR },
		{ TSHM_CALL_cudaFree, 3, 0, TSHM_ERROR },	/* with it programs begin to use CUDA */
		{ TSHM_CALL_cudaEventCreate, 3, 0, TSHM_ERROR }, { TSHM_CALL_cuIpcGetMemHandle, 4, 0, TSHM_ERROR },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		struct made m = importer();
		struct tshm_ipc *e;

		e = event(&m, TSHM_IPC_AFTER_FORK, 1, calls[i].error);
		e->call = calls[i].call;
		e->pointer = calls[i].freed;
		save_ended(&m, ENDS);
		only("cuda-after-fork", calls[i].severity, "in importer (pid 3999992), which was forked", NULL);
	}
}

/* PyTorch's counters of who uses the exported memory, left behind; and a segment that only looks like them. */
static void test_torch_counters(void **state)
{
	static const off_t sizes[] = { 80064, 80128 };
	char counters[64];

	(void)state;
	snprintf(counters, sizeof(counters), "/dev/shm/torch_%d_%d_0", EXPORTER, (int)getpid());
	for (int i = 0; i < 2; i++) {
		int fd = open(counters, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		struct made m = exporter();
		const struct tshm_finding *f;
		struct judged j;

		assert_true(fd >= 0);
		assert_int_equal(ftruncate(fd, sizes[i]), 0);
		close(fd);
		make_name(&m, TSHM_SPACE_SHM, counters, TSHM_HIF_EXCLUSIVE, make_site(&m, TSHM_CALL_shm_open, 0x77));
		record(&m, TSHM_IPC_EXPORT, 1, 10, 0);
		record(&m, TSHM_IPC_EXPORT, 2, 10, 50);
		save_ended(&m, ENDS);
		j = judge();
		f = find(&j, "shm-leaked");
		unlink(counters);
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
		cmocka_unit_test_setup_teardown(test_clean, set_up_ipc, tear_down),
		cmocka_unit_test_setup_teardown(test_allocations, set_up_ipc, tear_down),
		cmocka_unit_test_setup_teardown(test_unbalanced, set_up_ipc, tear_down),
		cmocka_unit_test_setup_teardown(test_same_process, set_up_ipc, tear_down),
		cmocka_unit_test_setup_teardown(test_interior, set_up_ipc, tear_down),
		cmocka_unit_test_setup_teardown(test_limbo, set_up_ipc, tear_down),
		cmocka_unit_test_setup_teardown(test_after_fork, set_up_ipc, tear_down),
		cmocka_unit_test_setup_teardown(test_freed_after_fork, set_up_ipc, tear_down),
		cmocka_unit_test_setup_teardown(test_torch_counters, set_up_ipc, tear_down),
		cmocka_unit_test_setup_teardown(test_hostile, set_up_ipc, tear_down),
		cmocka_unit_test_setup_teardown(test_old, set_up_ipc, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
