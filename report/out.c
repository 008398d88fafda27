/* SPDX-License-Identifier: MIT */
#include "out.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct tshm_format formats[] = {
	{ "text", tshm_out_text, tshm_out_system, "for people" },
	{ "json", tshm_out_json, tshm_out_json_system, "schema tshm-report/1; of --system and --reap tshm-system/1" },
	{ "junit", tshm_out_junit, NULL, "a test case for each rule and finding, for Jenkins and GitLab" },
	{ "sarif", tshm_out_sarif, NULL, "SARIF 2.1.0, for code scanning" },
	{ "github", tshm_out_github, NULL, "annotations of GitHub Actions" },
	{ "suppressions", tshm_out_suppressions, NULL, "blocks for --suppressions, as --gen-suppressions" },
};

const struct tshm_format *tshm_formats(size_t *count)
{
	*count = sizeof(formats) / sizeof(formats[0]);
	return formats;
}

const struct tshm_format *tshm_format_find(const char *name)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (!strcmp(formats[i].name, name))
			return &formats[i];
	return NULL;
}

size_t tshm_out_processes(const struct tshm_run *run)
{
	size_t count = 0;

	for (size_t i = 0; i < run->image_count; i++)
		count += !run->images[i]->previous;
	return count;
}

size_t tshm_out_running(const struct tshm_run *run)
{
	size_t count = 0;

	for (size_t i = 0; i < run->image_count; i++)
		count += run->images[i]->state == TSHM_IMAGE_RUNNING;
	return count;
}

void tshm_out_failed(const char *what)
{
	fprintf(stderr, "tshm-report: the %s could not be made: out of memory, or a value that cannot be written\n", what);
	exit(3);
}

struct tshm_text tshm_out_time(uint64_t wall_ns)
{
	time_t seconds = (time_t)(wall_ns / 1000000000u);
	struct tshm_text t = { "" };
	struct tm tm;

	if (wall_ns && gmtime_r(&seconds, &tm) && !strftime(t.s, sizeof(t.s), "%Y-%m-%dT%H:%M:%SZ", &tm))
		t.s[0] = 0;
	return t;
}

const char *tshm_out_kind(const struct tshm_object *object)
{
	return object->space == TSHM_SPACE_SYSV ? "SysV segment" : tshm_kind_name(object->kind);
}
