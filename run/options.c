/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "run.h"

enum {
	OPT_BASELINE = 256, OPT_GATE, OPT_HELP, OPT_REPORT, OPT_SOURCE_ROOT, OPT_SUBREAPER, OPT_SUPPRESSIONS, OPT_VERSION,
	OPT_WAIT, OPT_WRITE_BASELINE,
};

/* One row an option: the parser, --help and the man page's lint read it. */
static const struct {
	const char *name;
	int value, argument;	/* of getopt_long(3) */
	const char *shape, *text;
} options[] = {
	{ "baseline", OPT_BASELINE, required_argument, "--baseline=FILE", "leave out what this file of --write-baseline has" },
	{ "gate", OPT_GATE, optional_argument, "--gate[=POLICY]", "exit with 1 if there is a finding at the gate" },
	{ "help", OPT_HELP, no_argument, "--help", "print this and exit" },
	{ "output", 'o', required_argument, "-o, --output=DIR", "keep the run there, not in the user's pool" },
	{ "report", OPT_REPORT, required_argument, "--report=FORMAT:FILE", "write one more report; may be repeated" },
	{ "source-root", OPT_SOURCE_ROOT, required_argument, "--source-root=DIR", "name source files relative to it (.)" },
	{ "subreaper", OPT_SUBREAPER, no_argument, "--subreaper", "adopt orphans of the command" },
	{ "suppressions", OPT_SUPPRESSIONS, required_argument, "--suppressions=FILE", "leave out what its lines match; may be repeated" },
	{ "version", OPT_VERSION, no_argument, "--version", "print the version and exit" },
	{ "wait", OPT_WAIT, required_argument, "--wait=SECONDS", "wait that long at most for what it left running (10)" },
	{ "write-baseline", OPT_WRITE_BASELINE, required_argument, "--write-baseline=FILE", "write what was found there, for --baseline" },
};
#define OPTIONS (sizeof(options) / sizeof(options[0]))

static _Noreturn void told(void)
{
	if (fflush(stdout) != 0)
		tshm_die("cannot write to standard output: %s", strerror(errno));
	exit(0);
}

static _Noreturn void help(void)
{
	printf("Usage: tshm-run [OPTION]... [--] COMMAND [ARGUMENT]...\n"
	       "Run COMMAND under tshm and report what it and its descendants left behind.\n\n");
	for (size_t i = 0; i < OPTIONS; i++)
		printf("  %-24s %s\n", options[i].shape, options[i].text);
	printf("\nFormats and policies are those of tshm-report --help, among them --gate=strict,\n"
	       "--gate=leak-checker, and --gate=errors=0,warnings<=3,fd-leaked=off.\n"
	       "Exit status: the command's, if it is not 0; 1 if the gate fails; 125 if tshm failed or\n"
	       "could not judge; 126, 127 if COMMAND cannot be run or found; 128+N if it died of signal N.\n");
	told();
}

static _Noreturn void wrong(const char *format, const char *what)
{
	char *text = tshm_text("%s (--help lists what there is)", format);

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	tshm_die(text, what);
#pragma GCC diagnostic pop
}

static double seconds_of(const char *text)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end == text || *end || !isfinite(seconds) || seconds < 0)
		wrong("--wait takes a number of seconds, not '%s'", text);
	return seconds;
}

/* What is tshm-report's it judges itself (judge.c); here it is only handed on. */
static void hand_on(struct tshm_job *job, char *option)
{
	job->report = tshm_grow(job->report, job->report_count, sizeof(*job->report));
	job->report[job->report_count++] = option;
}

void tshm_options_read(struct tshm_job *job, int argc, char **argv)
{
	struct option table[OPTIONS + 1] = { 0 };
	int option;

	for (size_t i = 0; i < OPTIONS; i++)
		table[i] = (struct option){ options[i].name, options[i].argument, NULL, options[i].value };
	opterr = 0;
	while ((option = getopt_long(argc, argv, "+:o:", table, NULL)) != -1) {
		switch (option) {
		case OPT_BASELINE: hand_on(job, tshm_text("--baseline=%s", optarg)); break;
		case OPT_WRITE_BASELINE: hand_on(job, tshm_text("--write-baseline=%s", optarg)); break;
		case OPT_SOURCE_ROOT: hand_on(job, tshm_text("--source-root=%s", optarg)); break;
		case OPT_GATE:
			job->gated = true;
			hand_on(job, optarg ? tshm_text("--gate=%s", optarg) : tshm_text("--gate"));
			break;
		case OPT_HELP: help();
		case OPT_REPORT: hand_on(job, tshm_text("--report=%s", optarg)); break;
		case OPT_SUBREAPER: job->subreaper = true; break;
		case OPT_SUPPRESSIONS: hand_on(job, tshm_text("--suppressions=%s", optarg)); break;
		case OPT_VERSION:
			printf("tshm-run %s\n", PACKAGE_VERSION);
			told();
		case OPT_WAIT: job->wait = seconds_of(optarg); break;
		case 'o': job->output = optarg; break;
		case ':': wrong("option '%s' needs an argument", argv[optind - 1]);
		default: wrong("unknown option '%s'", argv[optind - 1]);
		}
	}
	if (optind >= argc)
		wrong("%sno command is given", "");
	job->command = argv + optind;
}
