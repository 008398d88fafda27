/* SPDX-License-Identifier: MIT */
/* Runs of an exporter and an importer. */
#include "made_ipc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

uint64_t epoch;

struct made image(unsigned number, pid_t pid, const char *exe)
{
	struct made m = make_ledger(number, pid, 1, exe);

	m.header->start_mono = epoch + number;
	return m;
}

struct made exporter(void) { return image(1, EXPORTER, "/opt/exporter"); }
struct made importer(void) { return image(2, IMPORTER, "/opt/importer"); }

void save_ended(struct made *m, uint64_t ms)
{
	make_end(m, TSHM_ENDED_EXIT, 0);
	m->header->end_mono = epoch + ms * MS;
	save(m);
}

struct tshm_ipc *record(struct made *m, enum tshm_ipc_role role, int handle, uint64_t begin, uint64_t end)
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

const struct tshm_finding *expect(const struct judged *j, const char *rule, enum tshm_severity severity, const char *text)
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

void only(const char *rule, enum tshm_severity severity, const char *text, const char *second)
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

void nothing(void)
{
	struct judged j = judge();

	if (j.found->count)
		fail_msg("%s: %s", j.found->list[0]->check->id, j.found->list[0]->message);
	done(&j);
}

void none_of(const char *rule)
{
	struct judged j = judge();
	const struct tshm_finding *f = find(&j, rule);

	if (f)
		fail_msg("%s: %s", rule, f->message);
	done(&j);
}

int set_up_ipc(void **state)
{
	struct made m = make_ledger(9, 1, 1, "/x");

	epoch = m.header->start_mono;
	make_free(&m);
	return set_up(state);
}

void export(enum tshm_ipc_role role, int handles, uint64_t freed, uint64_t ends)
{
	struct made m = exporter();

	for (int i = 1; i <= handles; i++)
		record(&m, role, i, 10, freed);
	save_ended(&m, ends);
}

void import(enum tshm_ipc_role role, int handles, uint64_t closed, uint64_t ends)
{
	struct made m = importer();

	for (int i = 1; i <= handles; i++)
		record(&m, role, i, 20, closed);
	save_ended(&m, ends);
}
