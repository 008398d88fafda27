/* SPDX-License-Identifier: MIT */
/* Runs of made ledgers. */
#include "made_run.h"

#include <errno.h>
#include <fcntl.h>
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

void expect_finding(const struct judged *j, const char *rule, enum tshm_severity severity, const char *text)
{
	const struct tshm_finding *last = NULL;

	for (size_t i = 0; i < j->found->count; i++) {
		const struct tshm_finding *f = j->found->list[i];

		if (strcmp(f->check->id, rule) != 0)
			continue;
		last = f;
		if (!strstr(f->message, text))
			continue;
		assert_int_equal(f->severity, severity);
		return;
	}
	if (last)
		fail_msg("\"%s\" has no \"%s\"", last->message, text);
	fail_msg("no %s", rule);
}

void expect_no_finding(const struct judged *j, const char *rule)
{
	const struct tshm_finding *f = find(j, rule);

	if (f)
		fail_msg("there is a %s: %s", rule, f->message);
}

int make_segment(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 65536), 0);
	return fd;
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
