/* SPDX-License-Identifier: MIT */
/* Runs of made ledgers. */
#include "made_run.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

char directory[64];
char name[64];

int set_up(void **state)
{
	(void)state;
	snprintf(directory, sizeof(directory), "/tmp/%s.XXXXXX", program_invocation_short_name);
	snprintf(name, sizeof(name), "/dev/shm/%s_%d", program_invocation_short_name, (int)getpid());
	unlink(name);
	return mkdtemp(directory) ? 0 : -1;
}

int tear_down(void **state)
{
	char command[128];

	(void)state;
	unlink(name);
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	return system(command);
}

void save(struct made *m)
{
	assert_int_equal(make_save(m, directory), 0);
	make_free(m);
}

struct judged judge(void)
{
	char *args[] = { directory }, *error;
	struct judged j;

	j.run = tshm_run_load(args, 1, &error);
	assert_null(error);
	j.found = tshm_judge(j.run);
	return j;
}

void done(struct judged *j)
{
	tshm_findings_free(j->found);
	tshm_run_free(j->run);
}

const struct tshm_finding *find(const struct judged *j, const char *rule)
{
	for (size_t i = 0; i < j->found->count; i++)
		if (!strcmp(j->found->list[i]->check->id, rule))
			return j->found->list[i];
	return NULL;
}

enum tshm_gate gate(const struct judged *j)
{
	char *error;
	struct tshm_policy *policy = tshm_policy_read(NULL, &error);
	struct tshm_verdict v = tshm_gate_judge(policy, j->run, j->found);

	tshm_policy_free(policy);
	free(v.why);
	return v.gate;
}
