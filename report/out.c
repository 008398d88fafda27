/* SPDX-License-Identifier: MIT */
#include "out.h"

#include <stdlib.h>
#include <string.h>

static const struct tshm_format formats[] = {
	{ "text", tshm_out_text, tshm_out_system, "for people" },
	{ "json", tshm_out_json, tshm_out_json_system, "schema tshm-report/1; of --system and --reap tshm-system/1" },
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

const char *tshm_out_kind(const struct tshm_object *object)
{
	return object->space == TSHM_SPACE_SYSV ? "SysV segment" : tshm_kind_name(object->kind);
}
