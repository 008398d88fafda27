/* SPDX-License-Identifier: MIT */
/* The command line of tshm-report. */
#ifndef TSHM_OPTIONS_H
#define TSHM_OPTIONS_H

#include <stdbool.h>

#include "out.h"
#include "system.h"

struct tshm_destination {
	const struct tshm_format *format;
	const char *file;	/* NULL: standard output */
};

struct tshm_command {
	struct tshm_destination *outputs;	/* at least one unless only listing or pruning */
	size_t output_count;
	bool gated;
	struct tshm_policy *policy;
	double wait;			/* seconds */
	enum tshm_by by;
	const char **suppressions;	/* files */
	size_t suppression_count;
	bool no_default_suppressions;
	const char *source_root;	/* a folder that is there */
	const char *baseline, *write_baseline;	/* files, or NULL */
	bool holders, verbose, list_checks, prune, no_symbol_cache;
	bool system;			/* --system or --reap; what they are asked for is in `asked` */
	struct tshm_asked asked;
	uint64_t prune_room;		/* bytes that the newest runs may keep */
	char **runs;
	int run_count;
};

/* Reads argv; for --help, --version and wrong usage it does not return (0, 0, 2). */
void tshm_command_read(struct tshm_command *, int argc, char **argv);

#endif
