/* SPDX-License-Identifier: MIT */
/* Runs of containers, looked at from outside: numbers and names mean something else there. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "made_run.h"

/* A container's SysV segment has the number of another here; its /dev/shm is not ours, so its IPC namespace is not either. */
static void test_other_ipc_namespace(void **state)
{
	int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
	struct made m = make_ledger(1, 17, 1, "/usr/bin/contained");
	struct tshm_history *h = make_name(&m, TSHM_SPACE_SYSV, "", TSHM_HIF_EXCLUSIVE, make_site(&m, TSHM_CALL_shmget, 0x1000));
	struct judged j;

	(void)state;
	assert_true(id >= 0);
	h->id = id;
	m.header->pidns ^= 1;
	m.header->shm_dev = 0;		/* it never came to know it */
	make_end(&m, TSHM_ENDED_EXIT, 0);
	assert_int_equal(make_save(&m, directory), 0);
	j = judge();
	expect_no_finding(&j, "sysv-leaked");
	assert_int_equal(gate(&j), TSHM_GATE_UNJUDGED);
	done(&j);
	m.header->pidns ^= 1;
	m.header->shm_dev = 1;
	save(&m);
	j = judge();
	shmctl(id, IPC_RMID, NULL);
	expect_no_finding(&j, "sysv-leaked");
	assert_int_equal(gate(&j), TSHM_GATE_UNJUDGED);
	done(&j);
}

/* What appears in our /dev/shm while a container runs, which has its own, did not appear during its run. */
static void test_other_mount(void **state)
{
	struct made m = make_ledger(1, 17, 1, "/usr/bin/contained");
	char path[128];
	struct judged j;
	FILE *f;

	(void)state;
	snprintf(path, sizeof(path), "%s/run.json", directory);
	f = fopen(path, "we");
	assert_non_null(f);
	fprintf(f, "{\"schema\":\"tshm-run/1\",\"command\":[\"x\"],\"root_pid\":17,\"started_wall\":%llu,\"names_before\":[]}",
		(unsigned long long)m.header->start_wall - 1000000000u);
	fclose(f);
	m.header->shm_dev ^= 1;
	close(make_segment(name));
	make_end(&m, TSHM_ENDED_EXIT, 0);
	save(&m);
	j = judge();
	for (size_t i = 0; i < j.run->stray_count; i++)
		assert_string_not_equal(j.run->strays[i].name ? j.run->strays[i].name : "", name);
	done(&j);
}

/* A container's run whose tshm-run was killed: pid 1 of its pid namespace is not the init that is seen here. */
static void test_prune_contained(void **state)
{
	const struct timespec old[2] = { { 1000000000, 0 }, { 1000000000, 0 } };
	char path[128], boot_id[40] = "";
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
	struct tshm_pruned pruned;

	(void)state;
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%39s", boot_id), 1);
	fclose(f);
	snprintf(path, sizeof(path), "%s/20260101-run", directory);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/20260101-run/run.json", directory);
	f = fopen(path, "we");
	assert_non_null(f);
	fprintf(f, "{\"schema\":\"tshm-run/1\",\"command\":[\"x\"],\"root_pid\":1,\"pidns\":17,\"boot_id\":\"%s\"}", boot_id);
	fclose(f);
	snprintf(path, sizeof(path), "%s/20260101-run", directory);
	assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
	setenv("TSHM_DIR", directory, 1);
	pruned = tshm_runs_prune(0);
	unsetenv("TSHM_DIR");
	assert_int_equal(pruned.kept, 0);
	assert_int_equal(pruned.runs, 1);
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_other_ipc_namespace), TEST(test_other_mount), TEST(test_prune_contained),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
