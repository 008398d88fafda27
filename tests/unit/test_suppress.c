/* SPDX-License-Identifier: MIT */
/* Which findings a suppression matches, and which look-alikes it does not; and the file that is shipped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../report/out.h"
#include "../../report/suppress.h"
#include "made_run.h"

/* A frame of Python on top of that of the program. */
static void add_python(struct made *m, uint32_t site, const char *file, const char *function)
{
	struct tshm_site *s = (void *)(m->bytes + tshm_ledger_offset(&m->header->sections[TSHM_SEC_SITES], site));
	struct tshm_frame *f = &s->frames[s->depth++];

	f->kind = TSHM_FRAME_PYTHON;
	f->where = make_string(m, file, (uint32_t)strlen(file));
	f->u.py.function = make_string(m, function, (uint32_t)strlen(function));
	f->u.py.line = 7;
}

/* An importer that leaves an event, opened by this function of Python; its exporter is another program. */
static void leak(const char *file, const char *function)
{
	struct made from = make_ledger(1, 3999991, 1, "/opt/exporter"), to = make_ledger(2, 3999992, 1, "/opt/importer");
	struct tshm_ipc *e = make_record(&from, TSHM_SEC_IPC, NULL), *i = make_record(&to, TSHM_SEC_IPC, NULL);

	e->role = TSHM_IPC_EVENT_EXPORT;
	i->role = TSHM_IPC_EVENT_IMPORT;
	e->count = i->count = 1;
	memset(e->handle, 1, sizeof(e->handle));
	memset(i->handle, 1, sizeof(i->handle));
	e->site = make_site(&from, TSHM_CALL_cudaEventCreateWithFlags, 0x10);
	i->site = make_site(&to, TSHM_CALL_cudaIpcOpenEventHandle, 0x20);
	add_python(&to, i->site, file, function);
	i->begin_mono = to.header->start_mono;
	e->begin_mono = e->end_mono = from.header->start_mono;
	e->stamp = TSHM_STAMP(1, TSHM_STATE_CLOSED);
	make_end(&from, TSHM_ENDED_EXIT, 0);
	make_end(&to, TSHM_ENDED_EXIT, 0);
	from.header->end_mono = to.header->end_mono;
	e->end_mono = to.header->end_mono;
	save(&from);
	save(&to);
}

static bool is_suppressed(struct tshm_suppressions *s, const char *file, const char *function)
{
	struct tshm_symbols *symbols = tshm_symbols_new();
	struct tshm_totals totals;
	struct judged j;
	bool suppressed;

	leak(file, function);
	j = judge();
	assert_int_equal(j.found->count, 1);
	assert_string_equal(j.found->list[0]->check->id, "ipc-event-leaked");
	tshm_suppressions_apply(s, j.found, symbols);
	suppressed = j.found->list[0]->suppressed_by != NULL;
	totals = tshm_totals(j.found);
	assert_int_equal(totals.suppressed, suppressed);
	assert_int_equal(totals.notes, !suppressed);
	tshm_symbols_free(symbols);
	done(&j);
	return suppressed;
}

/* Does this one line match the event that rebuild_cuda_tensor() of reductions.py opened? */
static bool matches(const char *line)
{
	struct tshm_suppressions s = { 0 };
	char path[64], *error;
	bool yes;
	FILE *f;

	snprintf(path, sizeof(path), "%s/supp", directory);
	f = fopen(path, "we");
	assert_non_null(f);
	fprintf(f, "  %s \r\n", line);
	fclose(f);
	assert_true(tshm_suppressions_read(&s, path, true, &error));
	assert_int_equal(s.count, 1);
	yes = is_suppressed(&s, "/usr/lib/torch/multiprocessing/reductions.py", "rebuild_cuda_tensor(int)");
	assert_int_equal(s.list[0].used, yes);
	tshm_suppressions_free(&s);
	return yes;
}

/* What is called after a socket or a sort is no library. */
static void test_no_library(void **state)
{
	struct tshm_suppressions s = { 0 };
	char path[64], *error;
	FILE *f;

	(void)state;
	snprintf(path, sizeof(path), "%s/supp", directory);
	f = fopen(path, "we");
	assert_non_null(f);
	fprintf(f, "ipc-event-leaked:Engine.socket_open\nipc-event-leaked:my.source.py\nipc-event-leaked:lib*.so*\n");
	fclose(f);
	assert_true(tshm_suppressions_read(&s, path, true, &error));
	assert_true(is_suppressed(&s, "/opt/engine.py", "Engine.socket_open"));
	assert_int_equal(s.list[0].used, 1);
	assert_true(is_suppressed(&s, "/opt/my.source.py", "f"));
	assert_int_equal(s.list[1].used, 1);
	assert_false(is_suppressed(&s, "/opt/engine.py", "libfoo.so"));
	tshm_suppressions_free(&s);
}

static void test_matches(void **state)
{
	(void)state;
	assert_true(matches("ipc-event-leaked:*"));
	assert_true(matches("*:*"));
	assert_true(matches("ipc-event-leaked:rebuild_cuda_tensor"));
	assert_true(matches("ipc-event-leaked:rebuild_*(int)"));
	assert_true(matches("ipc-event-leaked:reductions.py"));
	assert_true(matches("ipc-event-leaked:*/multiprocessing/*.py"));
	assert_true(matches("ipc-event-leaked:/opt/importer"));
	assert_true(matches("ipc-event-leaked:exporter"));	/* the second stack */
	assert_false(matches("ipc-event-leaked:rebuild"));
	assert_false(matches("ipc-event-leaked:importe"));
	assert_false(matches("ipc-event-leaked:multiprocessing"));
	assert_false(matches("ipc-limbo:*"));
	assert_false(matches("*:libnothing.so*"));
}

/* The same for a block of these lines. */
static bool block(const char *lines)
{
	char text[1024];

	snprintf(text, sizeof(text), "{\n   a name\n%s\n}", lines);
	return matches(text);
}

static void test_blocks(void **state)
{
	(void)state;
	assert_true(block("tshm:ipc-event-leaked"));
	assert_true(block("tshm:*\n..."));
	assert_true(block("tshm:ipc-event-leaked\nfun:cudaIpcOpenEventHandle\nobj:importer\nfun:rebuild_cuda_tensor"));
	assert_true(block("tshm:ipc-event-leaked\n# as it is\n\nobj:/opt/*\nsrc:reductions.py"));
	assert_true(block("tshm:ipc-event-leaked\nobj:importer\nsrc:reductions.py:7\n..."));
	assert_true(block("tshm:ipc-event-leaked\n...\nfun:rebuild_*(int)"));
	assert_true(block("tshm:ipc-event-leaked\n...\n...\nfun:rebuild_*\n..."));
	assert_true(block("tshm:ipc-event-leaked\nexe:importer\nfun:cudaIpc*"));
	assert_false(block("tshm:ipc-event-leaked\nfun:cudaEventCreateWithFlags\nobj:exporter"));	/* the second stack */
	/* Frames begin where the stack does, and none may lie between. */
	assert_false(block("tshm:ipc-event-leaked\nfun:rebuild_cuda_tensor"));
	assert_false(block("tshm:ipc-event-leaked\nfun:cudaIpcOpenEventHandle\nfun:rebuild_cuda_tensor"));
	assert_false(block("tshm:ipc-event-leaked\n...\nfun:rebuild_cuda_tensor\nfun:*"));
	assert_false(block("tshm:ipc-event-leaked\n...\nfun:nobody"));
	assert_false(block("tshm:ipc-event-leaked\nsrc:reductions.py:8"));
	assert_false(block("tshm:ipc-event-leaked\nexe:exporter"));
	assert_false(block("tshm:ipc-event-leaked\nname:*"));	/* it has none */
	assert_false(block("tshm:ipc-limbo\n..."));
}

/* Do the suppressions in this file match a finding about a name that nobody observed made? */
static bool hides_stray(const char *path)
{
	struct tshm_check check = { .id = "shm-appeared", .severity = TSHM_WARNING };
	char subject[] = "/dev/shm/stray-4711";
	struct tshm_finding stray = { .check = &check, .severity = TSHM_WARNING, .subject = subject };
	struct tshm_finding *list[] = { &stray };
	struct tshm_findings found = { .list = list, .count = 1 };
	struct tshm_symbols *symbols = tshm_symbols_new();
	struct tshm_suppressions s = { 0 };
	char *error, message[] = "segment /dev/shm/stray-4711 appeared";
	bool hidden;

	stray.message = message;
	if (access(path, F_OK) != 0) {		/* then with what --gen-suppressions writes */
		struct tshm_out o = { .to = fopen(path, "we"), .findings = &found, .symbols = symbols };

		assert_non_null(o.to);
		tshm_out_suppressions(&o);
		fclose(o.to);
	}
	assert_true(tshm_suppressions_read(&s, path, true, &error));
	assert_int_equal(s.count, 1);
	tshm_suppressions_apply(&s, &found, symbols);
	hidden = stray.suppressed_by != NULL;
	free(stray.suppressed_by);
	tshm_suppressions_free(&s);
	tshm_symbols_free(symbols);
	return hidden;
}

/*
 * A name appeared, and there is neither an object nor a stack that it could be told by, only the finding's
 * subject.  Blocks matched that; "shm-appeared:stray-*" was taken, and never did.
 */
static void test_subject(void **state)
{
	static const struct { const char *line; bool hides; } lines[] = {
		{ "shm-appeared:stray-*", true }, { "*:/dev/shm/stray-4711", true }, { "shm-appeared:other-*", false },
		{ "{\nx\ntshm:shm-appeared\nname:stray-*\n}", true }, { "{\nx\ntshm:shm-appeared\nname:other-*\n}", false },
	};
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "%s/supp", directory);
	assert_true(hides_stray(path));
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		FILE *f = fopen(path, "we");

		assert_non_null(f);
		fprintf(f, "%s\n", lines[i].line);
		fclose(f);
		assert_int_equal(hides_stray(path), lines[i].hides);
	}
}

/* What is shipped hides PyTorch's events and nobody else's. */
static void test_shipped(void **state)
{
	struct tshm_suppressions s = { 0 };
	char *error;

	(void)state;
	if (!getenv("TSHM_SUPPRESSIONS_DEFAULT"))
		skip();
	assert_true(tshm_suppressions_read_default(&s, &error));
	assert_true(s.count > 0);
	assert_true(is_suppressed(&s, "/x/torch/multiprocessing/reductions.py", "rebuild_cuda_tensor"));
	assert_true(is_suppressed(&s, "StorageSharing.cpp", "THPStorage_newSharedCuda(_object*, _object*)"));
	assert_false(is_suppressed(&s, "/x/mine/reductions.py", "rebuild_cuda_tensor"));
	tshm_suppressions_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_matches, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_library, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_blocks, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_subject, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_shipped, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
