/* SPDX-License-Identifier: MIT */
#include "out.h"

#include <string.h>

static const struct tshm_format formats[] = {
	{ "text", tshm_out_text, "for people" },
	{ "json", tshm_out_json, "schema tshm-report/1" },
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
