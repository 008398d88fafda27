/* SPDX-License-Identifier: MIT */
/* The engine in a test: it writes a ledger of the test itself, into a folder of its own. */
#ifndef TSHM_OWN_LEDGER_H
#define TSHM_OWN_LEDGER_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../preload/image.h"

static char directory[64];

/* For cmocka, around all tests of the program. */
static int start(void **state)
{
	char *argv[] = { program_invocation_short_name, NULL };

	(void)state;
	snprintf(directory, sizeof(directory), "/tmp/tshm-%s-XXXXXX", argv[0]);
	if (!mkdtemp(directory))
		return -1;
	snprintf(tshm_options.dir, sizeof(tshm_options.dir), "%s", directory);
	tshm_image_start(1, argv);
	return tshm_header->token[0] ? 0 : -1;
}

static int finish(void **state)
{
	char command[sizeof(directory) + 16];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", directory);
	return system(command);
}

#endif
