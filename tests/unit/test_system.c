/* SPDX-License-Identifier: MIT */
/* The table of names, verdicts, and what --system writes of names that mean harm. */
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
#include "../../report/system.h"

static const char *owner_of(const char *base, pid_t *pid)
{
	const struct tshm_naming *n = tshm_naming_of(base, pid);

	return n ? n->owner : NULL;
}

static void test_names(void **state)
{
	static const struct { const char *base, *owner; pid_t pid; } rows[] = {
		{ "torch_4711_123456789", "PyTorch", 4711 }, { "torch_4711_1_2", "PyTorch", 4711 },
		{ "torch_4711", "PyTorch", 4711 }, { "torch_shm", "PyTorch", 0 }, { "torch_04711_1", "PyTorch", 0 },
		{ "torch_4194305_1", "PyTorch", 0 }, { "torch_99999999999999999999_1", "PyTorch", 0 }, { "torch_-1_1", "PyTorch", 0 },
		{ "torch_0_1", "PyTorch", 0 }, { "torch_12x_1", "PyTorch", 0 }, { "Torch_1_1", NULL, 0 }, { "torch", NULL, 0 },
		{ "psm_0123abcd", "Python multiprocessing", 0 }, { "psm_", NULL, 0 }, { "psm_xyz", NULL, 0 },
		{ "psm_12 ", NULL, 0 }, { "sem.mp-a1b2c3", "Python multiprocessing", 0 }, { "sem.loky-77-abc", "loky (joblib)", 77 },
		{ "nccl-ABCDEF", "NCCL", 0 }, { "vader_segment.host.0.1.2", "Open MPI", 0 }, { "sm_segment.h.1.2.3", "Open MPI", 0 },
		{ "osc_rdma.h.1.2.3", "Open MPI", 0 }, { "vllm_offload_x.mmap", "vLLM", 0 }, { "sgl_shm_mm_12_ab", "SGLang", 0 },
		{ "PostgreSQL.1234", "PostgreSQL", 0 }, { "PostgreSQL.", NULL, 0 }, { "plasmaXYZ", "Ray", 0 },
		{ "pulse-shm-12", "PulseAudio", 0 }, { "lttng-ust-wait-8-1000", "LTTng", 0 }, { "org.mozilla.ipc.12.3", "Firefox", 12 },
		{ "tshm-0", "tshm", 0 }, { ".tshm-reap-9-psm_1", "tshm", 9 }, { "", NULL, 0 }, { "mine", NULL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		pid_t pid = -1;
		const char *owner = owner_of(rows[i].base, &pid);

		if ((owner && rows[i].owner ? strcmp(owner, rows[i].owner) : owner != rows[i].owner) || pid != rows[i].pid)
			fail_msg("%s: %s, pid %d", rows[i].base, owner ? owner : "nobody", (int)pid);
	}
}

/* Every row can be reached, says something, and has its pid where no star can cut it. */
static void test_rows(void **state)
{
	size_t count;
	const struct tshm_naming *row = tshm_namings(&count);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		char sample[256] = "", *at = sample;
		pid_t pid;

		for (const char *p = row[i].pattern; *p; p++) {
			if (*p == '%') {
				assert_non_null(strchr("phd", p[1]));
				*at++ = '7';
				p++;
			} else {
				*at++ = *p == '*' ? '~' : *p;
			}
		}
		*at = 0;
		if (tshm_naming_of(sample, &pid) != &row[i])
			fail_msg("%s: %s is taken by %s", row[i].pattern, sample, tshm_naming_of(sample, &pid)->pattern);
		assert_null(strstr(row[i].pattern, "*%"));
		assert_true(row[i].owner[0] && row[i].text[0] && !strchr(row[i].text, '\n'));
	}
}

static void test_patterns(void **state)
{
	char many[256];
	pid_t pid;

	(void)state;
	assert_true(tshm_naming_fits("*", "", &pid));
	assert_true(tshm_naming_fits("a*b*c", "a-b-b-c", &pid));
	assert_false(tshm_naming_fits("a*b*c", "a-b-b-d", &pid));
	assert_true(tshm_naming_fits("%p", "12", &pid) && pid == 12);
	assert_false(tshm_naming_fits("%p", "12 ", &pid));
	assert_false(tshm_naming_fits("", "x", &pid));
	memset(many, 'a', 255);
	many[255] = 0;
	assert_false(tshm_naming_fits("*a*a*a*a*a*a*a*a*a*a*b", many, &pid));	/* in no time */
}

/* A segment of ours, long untouched and held by nobody, whose name has the pid of one who is dead. */
static struct tshm_item dead(void)
{
	static char label[] = "/dev/shm/x";

	return (struct tshm_item){ .kind = TSHM_ITEM_SEGMENT, .label = label, .uid = geteuid(), .touched_wall = 1,
				   .maker = 5, .known_by = TSHM_BY_NAME };
}

static void gives(const struct tshm_system *s, struct tshm_item i, enum tshm_may_go verdict)
{
	tshm_verdict_give(s, &i);
	assert_string_equal(tshm_verdict_name(i.verdict), tshm_verdict_name(verdict));
	assert_true(i.why && i.why[0]);
	free(i.why);
}

static struct tshm_system at_100_seconds(void)
{
	return (struct tshm_system){ .now_wall = 100000000000, .asked.older = 60 };
}

static void test_verdicts(void **state)
{
	struct tshm_keeper keeper = { .pid = 1, .exe = (char[]){ "x" }, .fds = 1 };
	struct tshm_system s = at_100_seconds();
	struct tshm_item i;

	(void)state;
	gives(&s, dead(), TSHM_MAY_GO);
	i = dead(); i.touched_wall = 99000000000; gives(&s, i, TSHM_STAYS_YOUNG);
	i = dead(); i.touched_wall = 999000000000; gives(&s, i, TSHM_STAYS_YOUNG);
	i = dead(); i.touched_wall = 0; gives(&s, i, TSHM_STAYS_YOUNG);
	i = dead(); i.maker_lives = true; gives(&s, i, TSHM_STAYS_LIVING);
	i = dead(); i.uid++; gives(&s, i, TSHM_STAYS_FOREIGN);
	i = dead(); i.keepers = &keeper; i.keeper_count = 1; gives(&s, i, TSHM_STAYS_HELD);
	i = dead(); i.kind = TSHM_ITEM_DIRECTORY; gives(&s, i, TSHM_STAYS_ALWAYS);
	i = dead(); i.kind = TSHM_ITEM_OTHER; gives(&s, i, TSHM_STAYS_ALWAYS);
	s.asked.all_users = true;
	i = dead(); i.uid++; gives(&s, i, TSHM_MAY_GO);
}

/* What is not known of a name is no reason to remove it, unless somebody says so. */
static void test_verdicts_in_doubt(void **state)
{
	struct tshm_system s = at_100_seconds();
	struct tshm_item unknown = dead(), queue = dead(), private = dead(), keyed, young;

	(void)state;
	unknown.maker = 0;
	queue.kind = TSHM_ITEM_QUEUE;
	private.kind = TSHM_ITEM_SYSV;
	private.known_by = TSHM_BY_KERNEL;
	keyed = private;
	keyed.key = 7;
	young = unknown;
	young.touched_wall = 99000000000;
	gives(&s, unknown, TSHM_MAY_IF_OLD);
	gives(&s, private, TSHM_MAY_GO);
	gives(&s, keyed, TSHM_MAY_IF_OLD);
	gives(&s, queue, TSHM_MAY_GO);
	s.hidden = 1;		/* the kernel will be asked */
	gives(&s, dead(), TSHM_MAY_GO);
	s.asked.has_older = true;
	gives(&s, unknown, TSHM_MAY_GO);
	gives(&s, keyed, TSHM_MAY_GO);
	gives(&s, young, TSHM_STAYS_YOUNG);
	private.attached = 1;
	gives(&s, private, TSHM_STAYS_HELD);
}

/* Columns fit the terminal, a name is one line, and no byte of it reaches the terminal as it is. */
static void test_text(void **state)
{
	char longest[300] = "/dev/shm/", *text = NULL;
	char control[] = "/dev/shm/torch_5_\n\x1b[31m", bytes[] = "/dev/shm/\xff\xfe\x80", exe[] = "/tmp/a\nb\x1b", why[] = "why\n";
	struct tshm_item list[] = { dead(), dead(), dead() };
	struct tshm_keeper keeper = { 1, exe, 1, 0 };
	struct tshm_system s = { .items = { list, 3, 3 }, .shm = { "/dev/shm", 100, 90, 10, 9 }, .now_wall = 100000000000 };
	struct tshm_out o = { .system = &s, .width = 80 };
	size_t size;

	(void)state;
	memset(longest + 9, 'n', 255);
	list[0].label = control;
	list[1].label = bytes;
	list[2].label = longest;
	for (unsigned i = 0; i < 3; i++) {
		list[i].base = list[i].label + 9;
		list[i].why = why;
	}
	list[1].keepers = &keeper;
	list[1].keeper_count = 1;
	for (unsigned round = 0; round < 4; round++) {
		unsigned table = 1;

		s.asked.reap = round & 1;
		o.verbose = round & 2;
		for (unsigned i = 0; i < 3; i++)
			list[i].outcome = s.asked.reap ? TSHM_OUTCOME_WOULD : TSHM_OUTCOME_NONE;
		o.to = open_memstream(&text, &size);
		tshm_out_system(&o);
		fclose(o.to);
		assert_null(strpbrk(text, "\x1b\xff\xfe\x80\r\t"));
		assert_non_null(strstr(text, "SUMMARY: tshm: "));
		for (char *line = text, *end; table && !s.asked.reap && (end = strchr(line, '\n')) && end != line; line = end + 1)
			assert_in_range(end - line, 1, 80);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names), cmocka_unit_test(test_rows), cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_verdicts), cmocka_unit_test(test_verdicts_in_doubt), cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
