/* SPDX-License-Identifier: MIT */
/* tshm-report: load, judge, write, and say it in the exit status. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "options.h"
#include "runs.h"
#include "text.h"

enum { EXIT_OK = 0, EXIT_UNJUDGED = 3 };

static int list_checks(void)
{
	size_t count;
	const struct tshm_check *check = tshm_checks(&count);

	for (size_t i = 0; i < count; i++)
		printf("%-20s %-8s %s\n", check[i].id, tshm_severity_name(check[i].severity), check[i].text);
	return fflush(stdout) == 0 ? EXIT_OK : EXIT_UNJUDGED;
}

static int prune(void)
{
	struct tshm_pruned p = tshm_runs_prune();

	printf("removed %s with %s (%s)", tshm_text_plural(p.runs, "run").s, tshm_text_plural(p.ledgers, "ledger").s,
	       tshm_text_size(p.bytes).s);
	if (p.kept)
		printf(", kept %s that still run", tshm_text_plural(p.kept, "run").s);
	printf("\n");
	if (p.failed)
		fprintf(stderr, "tshm-report: %s could not be removed\n", tshm_text_plural(p.failed, "run").s);
	return fflush(stdout) == 0 && !p.failed ? EXIT_OK : EXIT_UNJUDGED;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Load; while the run still runs and there is time, look again. */
static struct tshm_run *load(const struct tshm_command *c, char **error)
{
	double until = now() + c->wait, nap = 0.02;
	struct tshm_run *run;

	while ((run = tshm_run_load(c->runs, c->run_count, error)) && now() < until && tshm_run_is_live(run)) {
		struct timespec t = { (time_t)nap, (long)((nap - (double)(time_t)nap) * 1e9) };

		tshm_run_free(run);
		nanosleep(&t, NULL);
		nap = nap < 0.5 ? nap * 1.5 : nap;
	}
	return run;
}

static void look_of(struct tshm_out *o)
{
	struct winsize size;
	int fd = fileno(o->to);
	const char *term = getenv("TERM"), *none = getenv("NO_COLOR");

	if (fd < 0 || !isatty(fd))
		return;
	o->width = ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
	/* https://no-color.org: present and not empty. */
	o->colour = !(none && *none) && term && strcmp(term, "dumb") != 0;
}

/* 0, or -1 after having said what failed: nothing is lost in silence. */
static int write_one(struct tshm_out *o, const struct tshm_destination *d)
{
	int error = 0;

	o->to = d->file && strcmp(d->file, "-") != 0 ? fopen(d->file, "we") : stdout;
	if (!o->to) {
		fprintf(stderr, "tshm-report: cannot write %s: %s\n", d->file, strerror(errno));
		return -1;
	}
	o->width = 0;
	o->colour = false;
	look_of(o);
	d->format->write(o);
	errno = 0;
	if (ferror(o->to) || fflush(o->to) != 0)
		error = errno ? errno : EIO;
	if (o->to != stdout && fclose(o->to) != 0)
		error = error ? error : errno;
	if (error)
		fprintf(stderr, "tshm-report: cannot write %s: %s\n", d->file ? d->file : "to standard output",
			strerror(error));
	return error ? -1 : 0;
}

int main(int argc, char **argv)
{
	struct tshm_out out = { 0 };
	struct tshm_command c;
	struct tshm_run *run;
	struct tshm_findings *findings;
	char *error = NULL;
	int status = EXIT_OK;

	tshm_command_read(&c, argc, argv);
	if (c.list_checks)
		return list_checks();
	if (c.prune)
		return prune();
	run = load(&c, &error);
	if (!run) {
		fprintf(stderr, "tshm-report: %s\n", error);
		return EXIT_UNJUDGED;
	}
	findings = tshm_judge(run);
	out.run = run;
	out.findings = findings;
	out.symbols = tshm_symbols_new();
	out.by = c.by;
	out.verbose = c.verbose;
	out.gate = tshm_gate_judge(c.policy, run, findings, &out.why_unjudged);
	for (size_t i = 0; i < c.output_count; i++)
		if (write_one(&out, &c.outputs[i]) != 0)
			status = EXIT_UNJUDGED;
	/* Without a gate findings are no failure; that nothing could be judged is one in any case. */
	if (status == EXIT_OK && (c.gated || (run->unreadable && !run->image_count)))
		status = (int)out.gate;
	tshm_symbols_free(out.symbols);
	tshm_findings_free(findings);
	tshm_run_free(run);
	free(c.outputs);
	return status;
}
