/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "text.h"
#include "xalloc.h"

enum {
	OPT_ALL_USERS = 256, OPT_BASELINE, OPT_BY, OPT_FORMAT, OPT_GATE, OPT_GEN_SUPPRESSIONS, OPT_HELP, OPT_HOLDERS, OPT_LIST,
	OPT_NO_CACHE, OPT_NO_SUPPRESSIONS, OPT_OLDER, OPT_OUTPUT, OPT_PRUNE, OPT_REAP, OPT_REPORT, OPT_SOURCE_ROOT,
	OPT_SUPPRESSIONS, OPT_SYSTEM, OPT_VERBOSE, OPT_VERSION, OPT_WAIT, OPT_WRITE_BASELINE,
};

/* One row an option: the parser, --help and the man page's lint read it. */
static const struct {
	const char *name;
	int value, argument;	/* of getopt_long(3) */
	const char *shape, *text;
} options[] = {
	{ "all-users", OPT_ALL_USERS, no_argument, "--all-users", "with --system or --reap, as root: what other users own, too" },
	{ "baseline", OPT_BASELINE, required_argument, "--baseline=FILE", "leave out what this file, of --write-baseline, has; tell what is gone" },
	{ "by", OPT_BY, required_argument, "--by=WHAT", "finding (the default), or also a table by object, process or site" },
	{ "format", OPT_FORMAT, required_argument, "--format=FORMAT", "how to write it, see below" },
	{ "gate", OPT_GATE, optional_argument, "--gate[=POLICY]", "exit with 1 if there is a finding at the gate" },
	{ "gen-suppressions", OPT_GEN_SUPPRESSIONS, no_argument, "--gen-suppressions", "write no report, but a suppression for each finding" },
	{ "help", OPT_HELP, no_argument, "--help", "print this and exit" },
	{ "holders", OPT_HOLDERS, no_argument, "--holders", "show where the threads of processes that hold something stand now" },
	{ "list-checks", OPT_LIST, no_argument, "--list-checks", "list the rules and exit" },
	{ "no-default-suppressions", OPT_NO_SUPPRESSIONS, no_argument, "--no-default-suppressions", "do not apply those that come with tshm" },
	{ "no-symbol-cache", OPT_NO_CACHE, no_argument, "--no-symbol-cache", "neither use nor keep what functions and lines were found" },
	{ "older", OPT_OLDER, required_argument, "--older=SECONDS", "with --system or --reap: what was not touched that long, whoever made it" },
	{ "output", OPT_OUTPUT, required_argument, "-o, --output=FILE", "write there instead of standard output" },
	{ "prune", OPT_PRUNE, optional_argument, "--prune[=MIB]", "remove finished runs, but the newest in so many MiB (0), and exit" },
	{ "reap", OPT_REAP, optional_argument, "--reap[=yes]", "show what dead processes left in it; with yes, remove that" },
	{ "report", OPT_REPORT, required_argument, "--report=FORMAT:FILE", "also write this report; may be repeated" },
	{ "source-root", OPT_SOURCE_ROOT, required_argument, "--source-root=DIR", "name source files relative to it in SARIF, JUnit, annotations (.)" },
	{ "suppressions", OPT_SUPPRESSIONS, required_argument, "--suppressions=FILE", "leave out what its lines or blocks match; may be repeated" },
	{ "system", OPT_SYSTEM, no_argument, "--system", "show what lies in /dev/shm now, SysV segments and queues" },
	{ "verbose", OPT_VERBOSE, no_argument, "-v, --verbose", "show everything: notes, long lists, all frames" },
	{ "version", OPT_VERSION, no_argument, "--version", "print the version and exit" },
	{ "wait", OPT_WAIT, required_argument, "--wait=SECONDS", "wait that long at most for a run that still runs" },
	{ "write-baseline", OPT_WRITE_BASELINE, required_argument, "--write-baseline=FILE", "write what was found there, for --baseline" },
};
#define OPTIONS (sizeof(options) / sizeof(options[0]))

/* The format has one %s, for what the user gave. */
static _Noreturn __attribute__((format(printf, 1, 0))) void wrong(const char *format, const char *what)
{
	TSHM_AUTO_FREE char *escaped = tshm_text_escape(what);

	fprintf(stderr, "tshm-report: ");
	fprintf(stderr, format, escaped);
	fprintf(stderr, " (--help lists what there is)\n");
	exit(2);
}

static _Noreturn void end_of_help(void)
{
	if (!ferror(stdout) && fflush(stdout) == 0)
		exit(0);
	fprintf(stderr, "tshm-report: cannot write to standard output\n");
	exit(3);
}

static _Noreturn void help(void)
{
	const struct tshm_preset *preset;
	const struct tshm_format *format;
	size_t count;

	printf("Usage: tshm-report [OPTION]... [RUN]...\n"
	       "  or:  tshm-report --system [OPTION]... [NAME]...\n"
	       "  or:  tshm-report --reap[=yes] [OPTION]... [NAME]...\n"
	       "Judge what programs under tshm left behind.  RUN is a run's directory, its name in the pool,\n"
	       "or ledger files; without one, the newest run.\n"
	       "For a full /dev/shm, without any run: --system shows what is there and whose it is, --reap\n"
	       "what of it may go.  NAME is one of those names, or a pattern for them.\n\n");
	for (size_t i = 0; i < OPTIONS; i++)
		printf("  %-24s %s\n", options[i].shape, options[i].text);
	printf("\nPolicies of --gate:\n");
	preset = tshm_presets(&count);
	for (size_t i = 0; i < count; i++)
		printf("  %-24s %s%s\n", preset[i].name, preset[i].text, i ? "" : " (the default)");
	printf("and after a comma, or instead: COUNT=N or COUNT<=N (N may end in K, M, G) of\n ");
	for (unsigned i = 0; i < TSHM_COUNTS; i++)
		printf(" %s", tshm_count_name((enum tshm_count)i));
	printf("; RULE=off|note|warning|error (* is all rules):\n"
	       "  --gate=strict,fd-leaked=off    --gate='errors=0,warnings<=3,leaked_bytes<=1M'\n");
	printf("\nFormats:\n");
	format = tshm_formats(&count);
	for (size_t i = 0; i < count; i++)
		printf("  %-24s %s\n", format[i].name, format[i].text);
	printf("\nExit status: 0 nothing at the gate, 1 findings at it, or --reap refused to remove something,\n"
	       "2 wrong usage, 3 could not judge, look or write.\n");
	end_of_help();
}

static const struct tshm_format *format_of(const char *name)
{
	const struct tshm_format *format = tshm_format_find(name);

	if (!format)
		wrong("there is no format '%s'", name);
	return format;
}

static void add_output(struct tshm_command *c, const struct tshm_format *format, const char *file)
{
	c->outputs = tshm_xreallocarray(c->outputs, c->output_count + 1, sizeof(*c->outputs));
	c->outputs[c->output_count++] = (struct tshm_destination){ format, file };
}

static void add_report(struct tshm_command *c, char *argument)
{
	char *colon = strchr(argument, ':');

	if (!colon || !colon[1])
		wrong("--report takes FORMAT:FILE, not '%s'", argument);
	*colon = 0;
	add_output(c, format_of(argument), colon + 1);
}

static void add_suppressions(struct tshm_command *c, const char *file)
{
	c->suppressions = tshm_xreallocarray(c->suppressions, c->suppression_count + 1, sizeof(*c->suppressions));
	c->suppressions[c->suppression_count++] = file;
}

static enum tshm_by by_of(const char *name)
{
	static const char *const names[] = { [TSHM_BY_FINDING] = "finding", [TSHM_BY_OBJECT] = "object",
					     [TSHM_BY_PROCESS] = "process", [TSHM_BY_SITE] = "site" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i], name))
			return (enum tshm_by)i;
	wrong("--by takes finding, object, process or site, not '%s'", name);
}

static const char *folder_of(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
		wrong("--source-root takes a folder that is there, not '%s'", path);
	return path;
}

static double seconds_of(const char *text, const char *message)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end == text || *end || !isfinite(seconds) || seconds < 0)
		wrong(message, text);
	return seconds;
}

static void reap_of(struct tshm_command *c, const char *how)
{
	if (how && strcmp(how, "yes") != 0)
		wrong("--reap takes yes or nothing, not '%s'", how);
	c->system = c->asked.reap = true;
	c->asked.really = c->asked.really || how;
}

static uint64_t mib_of(const char *text)
{
	unsigned long long n;
	char *end;

	if (!text)
		return 0;
	n = strtoull(text, &end, 10);
	if (end == text || *end || *text == '-' || n > 1u << 30)
		wrong("--prune takes a number of MiB, not '%s'", text);
	return (uint64_t)n << 20;
}

static void policy_of(struct tshm_command *c, const char *text)
{
	char *error = NULL;

	tshm_policy_free(c->policy);
	c->gated = true;
	c->policy = tshm_policy_read(text, &error);
	if (!c->policy) {
		TSHM_AUTO_FREE char *whole = tshm_xasprintf("--gate: %s", error);

		wrong("%s", whole);
	}
}

/* Some options only go with a run, some only without. */
static void agree(struct tshm_command *c, char **words, int count)
{
	static const char not_with[] = "--system and --reap look at no run: they do not go with '%s'";

	c->runs = c->asked.names = words;
	c->run_count = c->asked.name_count = count;
	/* Who writes --prune 256 wants to keep something, and would lose all. */
	if (c->prune && count)
		wrong("--prune takes its number as --prune=MIB, and no run: '%s'", words[0]);
	if (!c->system && (c->asked.all_users || c->asked.has_older))
		wrong("'%s' only goes with --system and --reap", c->asked.all_users ? "--all-users" : "--older");
	if (c->asked.all_users && geteuid())
		wrong("'%s' is for root", "--all-users");
	if (!c->system)
		return;
	for (size_t i = 0; i < c->output_count; i++)
		if (!c->outputs[i].format->write_system)
			wrong(not_with, c->outputs[i].format->name);
	if (c->baseline || c->write_baseline)
		wrong(not_with, c->baseline ? "--baseline" : "--write-baseline");
	if (c->gated || c->holders || c->prune || c->list_checks)
		wrong(not_with, c->gated ? "--gate" : c->holders ? "--holders" : c->prune ? "--prune" : "--list-checks");
	if (c->wait > 0 || c->by || c->suppression_count)
		wrong(not_with, c->wait > 0 ? "--wait" : c->by ? "--by" : "--suppressions");
}

/* Say what is wrong with what getopt_long() refused.  Values below 256 are short options only. */
static _Noreturn void refused(char **argv)
{
	const char *word = argv[optind - 1];
	char letter[3] = { '-', (char)optopt, 0 };
	size_t alike = 0;

	if (optopt > 0 && optopt < 256)
		wrong("unknown option '%s'", letter);
	if (optopt)
		wrong("this option takes no argument: '%s'", word);
	for (size_t i = 0; i < OPTIONS; i++)
		alike += word[0] == '-' && !strncmp(options[i].name, word + 2, strcspn(word + 2, "="));
	wrong(alike > 1 ? "ambiguous option '%s'" : "unknown option '%s'", word);
}

void tshm_command_read(struct tshm_command *c, int argc, char **argv)
{
	struct option table[OPTIONS + 1] = { 0 };
	const struct tshm_format *format = tshm_format_find("text");
	const char *file = NULL;
	int option;

	memset(c, 0, sizeof(*c));
	policy_of(c, NULL);
	c->gated = false;
	c->source_root = ".";
	for (size_t i = 0; i < OPTIONS; i++)
		table[i] = (struct option){ options[i].name, options[i].argument, NULL, options[i].value };
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":o:v", table, NULL)) != -1) {
		switch (option) {
		case OPT_ALL_USERS: c->asked.all_users = true; break;
		case OPT_BASELINE: c->baseline = optarg; break;
		case OPT_BY: c->by = by_of(optarg); break;
		case OPT_FORMAT: format = format_of(optarg); break;
		case OPT_GATE: policy_of(c, optarg); break;
		case OPT_GEN_SUPPRESSIONS: format = format_of("suppressions"); break;
		case OPT_HELP: help();
		case OPT_HOLDERS: c->holders = true; break;
		case OPT_LIST: c->list_checks = true; break;
		case OPT_NO_SUPPRESSIONS: c->no_default_suppressions = true; break;
		case OPT_SOURCE_ROOT: c->source_root = folder_of(optarg); break;
		case OPT_SUPPRESSIONS: add_suppressions(c, optarg); break;
		case OPT_NO_CACHE: c->no_symbol_cache = true; break;
		case OPT_PRUNE: c->prune = true; c->prune_room = mib_of(optarg); break;
		case OPT_OLDER: c->asked.older = seconds_of(optarg, "--older takes a number of seconds, not '%s'");
				c->asked.has_older = true; break;
		case OPT_REAP: reap_of(c, optarg); break;
		case OPT_SYSTEM: c->system = true; break;
		case OPT_REPORT: add_report(c, optarg); break;
		case OPT_VERSION: printf("tshm-report %s\n", PACKAGE_VERSION); end_of_help();
		case OPT_WAIT: c->wait = seconds_of(optarg, "--wait takes a number of seconds, not '%s'"); break;
		case OPT_WRITE_BASELINE: c->write_baseline = optarg; break;
		case OPT_OUTPUT:
		case 'o': file = optarg; break;
		case OPT_VERBOSE:
		case 'v': c->verbose = true; break;
		case ':': wrong("option '%s' needs an argument", argv[optind - 1]);
		default: refused(argv);
		}
	}
	add_output(c, format, file);
	agree(c, argv + optind, argc - optind);
}
