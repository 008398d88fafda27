/* SPDX-License-Identifier: MIT */
#include "debuginfod.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* What libdebuginfod is told unless the user did.  Its own: 90 seconds, asked three times, for each module. */
#define TIMEOUT "20"		/* seconds without an answer, or with less than 100 KiB of it */
#define LONGEST "120"		/* seconds of one download */
#define RETRIES "0"

static bool gave_up;

bool tshm_debuginfod_gave_up(void)
{
	return gave_up;
}

static void set_limits(void)
{
	setenv("DEBUGINFOD_TIMEOUT", TIMEOUT, 0);
	setenv("DEBUGINFOD_MAXTIME", LONGEST, 0);
	setenv("DEBUGINFOD_RETRY_LIMIT", RETRIES, 0);
	if (isatty(STDERR_FILENO))
		setenv("DEBUGINFOD_PROGRESS", "1", 0);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* One server that does not answer must not cost its timeout for every module. */
static void waited(double seconds)
{
	static double in_vain;
	const char *timeout = getenv("DEBUGINFOD_TIMEOUT");
	double most = timeout ? strtod(timeout, NULL) : 0;

	in_vain += seconds;
	if (in_vain < (most > 0 ? most : strtod(TIMEOUT, NULL)))
		return;
	fprintf(stderr, "tshm-report: debuginfod servers took %.0f s and found nothing; they are not asked any more\n", in_vain);
	unsetenv("DEBUGINFOD_URLS");
	gave_up = true;
}

int tshm_debuginfod_find(Dwfl_Module *module, void **userdata, const char *name, Dwarf_Addr base, const char *file,
			 const char *debug_link, GElf_Word debug_link_sum, char **found)
{
	static char not_found;
	const char *servers = getenv("DEBUGINFOD_URLS");
	double began = now();
	int fd;

	/* libdwfl comes again for the symbol table. */
	if (*userdata == &not_found)
		return -1;
	if (servers && *servers)
		set_limits();
	fd = dwfl_standard_find_debuginfo(module, userdata, name, base, file, debug_link, debug_link_sum, found);
	if (fd >= 0)
		return fd;
	*userdata = &not_found;
	if (servers && *servers)
		waited(now() - began);
	return fd;
}
