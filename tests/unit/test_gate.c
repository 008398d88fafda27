/* SPDX-License-Identifier: MIT */
/* What --gate=POLICY takes, and what it makes of findings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../report/gate.h"
#include "../../report/xalloc.h"

static struct tshm_findings found;
static struct tshm_object segment = { .kind = TSHM_KIND_SEGMENT, .space = TSHM_SPACE_SHM };

static const struct tshm_check *rule(const char *id)
{
	size_t n;
	const struct tshm_check *check = tshm_checks(&n);

	for (size_t i = 0; i < n; i++)
		if (!strcmp(check[i].id, id))
			return &check[i];
	fail_msg("no rule %s", id);
	return NULL;
}

static struct tshm_finding *add(const char *id, enum tshm_severity severity)
{
	return tshm_finding_add(&found, rule(id), severity, "%s", id);
}

/* 2 errors, of which one is a segment of 2 MiB; 2 warnings; a note. */
static int set_up(void **state)
{
	struct tshm_finding *f = add("shm-leaked", TSHM_ERROR);

	(void)state;
	f->object = &segment;
	f->bytes = 2 << 20;
	add("fd-lost-in-transit", TSHM_ERROR);
	add("fd-leaked", TSHM_WARNING);
	add("fd-bad-close", TSHM_WARNING);
	add("sem-leaked", TSHM_NOTE);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	for (size_t i = 0; i < found.count; i++) {
		free(found.list[i]->message);
		free(found.list[i]);
	}
	free(found.list);
	memset(&found, 0, sizeof(found));
	return 0;
}

/* Why does the gate fail?  "" if it passes. */
static void expect(const char *text, const char *why)
{
	struct tshm_image image = { 0 }, *images[] = { &image };
	struct tshm_run run = { .images = images, .image_count = 1, .root_observed = true };
	struct tshm_policy *p;
	struct tshm_verdict v;
	char *error;

	p = tshm_policy_read(text, &error);
	assert_non_null(p);
	assert_null(error);
	v = tshm_gate_judge(p, &run, &found);
	assert_string_equal(v.why ? v.why : "", why);
	assert_int_equal(v.gate, *why ? TSHM_GATE_FAIL : TSHM_GATE_PASS);
	free(v.why);
	tshm_policy_free(p);
}

static void refuse(const char *text, const char *part)
{
	char *error;

	assert_null(tshm_policy_read(text, &error));
	assert_non_null(error);
	if (!strstr(error, part) || strchr(error, '\n'))
		fail_msg("%s: %s", text, error);
	free(error);
}

static void test_presets(void **state)
{
	(void)state;
	expect(NULL, "2 errors, at most 0");
	expect("", "2 errors, at most 0");
	expect("default", "2 errors, at most 0");
	expect("strict", "2 errors, at most 0; 2 warnings, at most 0");
	/* The semaphore is a note, but was left; that a descriptor got lost is not its business. */
	expect("leak-checker", "2 errors, at most 0 (as leak-checker weighs)");
}

static void test_thresholds(void **state)
{
	(void)state;
	expect("errors<=2", "");
	expect("errors=2", "");
	expect("errors=1", "2 errors, exactly 1");
	expect("errors=3", "2 errors, exactly 3");
	expect("errors=0", "2 errors, at most 0");
	expect("warnings<=1", "2 warnings, at most 1");
	expect("notes=0", "1 note, at most 0");
	expect("errors<=2,leaked_segments=0", "1 leaked segment, at most 0");
	expect("leaked_bytes<=1M", "2097152 leaked bytes, at most 1048576");
	expect("leaked_bytes<=2048K", "");
	expect("leaked_bytes<=1G,errors<=1", "2 errors, at most 1");
	expect("strict,errors<=9,warnings<=9", "");
}

static void test_weights(void **state)
{
	(void)state;
	expect("fd-leaked=off", "2 errors, at most 0 (as fd-leaked=off weighs)");
	expect("shm-leaked=off,fd-lost-in-transit=warning", "");
	expect("*=off,sem-leaked=error", "1 error, at most 0 (as *=off,sem-leaked=error weighs)");
	expect("strict,shm-leaked=off,fd-lost-in-transit=off,fd-leaked=note,fd-bad-close=off", "");
	expect("leak-checker,shm-leaked=off,sem-leaked=off", "");
	expect("shm-leaked=off,leaked_segments=0", "");
}

static void test_not_counted(void **state)
{
	(void)state;
	found.list[0]->known = true;
	expect("default", "1 error, at most 0");
	expect("leaked_bytes=0", "");
	found.list[1]->suppressed_by = (char *)"x";
	expect("default", "");
}

static void test_refused(void **state)
{
	(void)state;
	refuse("nonsense", "\"nonsense\" is neither a policy");
	refuse("strict,default", "\"default\" is a policy, and comes first");
	refuse("strict,", "\"\" is neither");
	refuse("errors=", "errors takes a number");
	refuse("errors=-1", "errors takes a number");
	refuse("errors=1T", "errors takes a number");
	refuse("errors=1Mx", "errors takes a number");
	refuse("errors=99999999999999999999", "errors takes a number");
	refuse("leaked_bytes<=17179869184G", "leaked_bytes takes a number");
	refuse("errors<3", "\"errors<3\" is neither");
	refuse("errors>=3", "\"errors>\" is neither");
	refuse("fd-leaked=maybe", "fd-leaked takes =off, =note, =warning or =error");
	refuse("fd-leaked<=3", "fd-leaked takes");
	refuse("no-such-rule=off", "\"no-such-rule\" is neither");
	refuse("=", "\"\" is neither");
	refuse("<=", "\"\" is neither");
}

static void test_unjudged(void **state)
{
	struct tshm_run run = { .root_observed = true };
	struct tshm_findings none = { 0 };
	struct tshm_policy *p;
	struct tshm_verdict v;
	char *error;

	(void)state;
	p = tshm_policy_read("leaked_bytes<=1", &error);
	v = tshm_gate_judge(p, &run, &none);
	assert_int_equal(v.gate, TSHM_GATE_UNJUDGED);
	assert_string_equal(v.why, "there is no ledger");
	free(v.why);
	tshm_policy_free(p);
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_presets), TEST(test_thresholds), TEST(test_weights), TEST(test_not_counted), TEST(test_refused),
		TEST(test_unjudged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
