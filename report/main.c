/* SPDX-License-Identifier: MIT */
/* tshm-report: load, judge, write, and say it in the exit status. */
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "holders.h"
#include "options.h"
#include "progress.h"
#include "runs.h"
#include "source.h"
#include "text.h"
#include "xalloc.h"

enum { EXIT_OK = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2, EXIT_UNJUDGED = 3 };

/* What went to standard output must have arrived there. */
static int flushed(void)
{
	errno = 0;
	if (!ferror(stdout) && fflush(stdout) == 0)
		return EXIT_OK;
	fprintf(stderr, "tshm-report: cannot write to standard output: %s\n", strerror(errno ? errno : EIO));
	return EXIT_UNJUDGED;
}

static int list_checks(void)
{
	size_t count;
	const struct tshm_check *check = tshm_checks(&count);

	for (size_t i = 0; i < count; i++)
		printf("%-22s %-8s %s\n", check[i].id, tshm_severity_name(check[i].severity), check[i].text);
	return flushed();
}

static int prune(uint64_t room)
{
	struct tshm_pruned p = tshm_runs_prune(room);
	int status;

	printf("removed %s with %s (%s)", tshm_text_plural(p.runs, "run").s, tshm_text_plural(p.ledgers, "ledger").s,
	       tshm_text_size(p.bytes).s);
	if (p.kept)
		printf(", kept %s that still run%s", tshm_text_plural(p.kept, "run").s, p.kept == 1 ? "s" : "");
	printf("\n");
	status = flushed();
	if (p.failed)
		fprintf(stderr, "tshm-report: %s could not be removed\n", tshm_text_plural(p.failed, "run").s);
	return p.failed ? EXIT_UNJUDGED : status;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* May time still change what is there?  Processes of the run, seen or not, can end or remove names. */
static bool is_unsettled(const struct tshm_run *run)
{
	bool unseen = false;

	if (tshm_run_is_live(run))
		return true;
	for (size_t i = 0; i < run->image_count; i++)
		unseen = unseen || (!run->images[i]->observed && run->images[i]->state == TSHM_IMAGE_UNKNOWN);
	for (const struct tshm_object *o = run->objects; o && unseen; o = o->next)
		if (o->state == TSHM_OBJECT_LEAKED)
			return true;
	return false;
}

/* Load; while that may help and there is time, look again. */
static struct tshm_run *load(const struct tshm_command *c, char **error)
{
	double until = now() + c->wait, nap = 0.01;
	struct tshm_run *run;

	while ((run = tshm_run_load(c->runs, c->run_count, error)) && now() < until && is_unsettled(run)) {
		double left = until - now();
		double sleep_for = left < nap ? left : nap;
		struct timespec t = { (time_t)sleep_for, (long)((sleep_for - (double)(time_t)sleep_for) * 1e9) };

		tshm_run_free(run);
		tshm_progress("waiting for the run to end", 0, 0);
		if (left > 0)
			nanosleep(&t, NULL);
		nap = nap < 0.2 ? nap * 1.5 : nap;
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

/* One line, escaped, in front of which stands who says it.  Frees it. */
static void complain(char *error)
{
	TSHM_AUTO_FREE char *escaped = tshm_text_escape(error);

	tshm_progress_end();
	fprintf(stderr, "tshm-report: %s\n", escaped);
	free(error);
}

/* 0, or -1 after having said what failed: nothing is lost in silence. */
static int write_one(struct tshm_out *o, const struct tshm_destination *d)
{
	int error = 0;

	o->to = d->file && strcmp(d->file, "-") != 0 ? fopen(d->file, "we") : stdout;
	if (!o->to) {
		complain(tshm_xasprintf("cannot write %s: %s", d->file, strerror(errno)));
		return -1;
	}
	o->width = 0;
	o->colour = false;
	look_of(o);
	/* What is on the terminal is in the way of a report; a file may take its time. */
	if (o->to == stdout)
		tshm_progress_end();
	else
		tshm_progress("looking up functions and lines", 0, 0);
	if (o->system)
		d->format->write_system(o);
	else
		d->format->write(o);
	/* Of a write that failed earlier nobody kept the reason; the next one most often has the same. */
	errno = 0;
	if (fflush(o->to) != 0 || ferror(o->to))
		error = errno ? errno : EIO;
	if (o->to != stdout && fclose(o->to) != 0)
		error = error ? error : errno;
	if (error)
		complain(tshm_xasprintf("cannot write %s: %s", o->to == stdout ? "to standard output" : d->file, strerror(error)));
	return error ? -1 : 0;
}

/* What is asked of a run beside the run itself. */
struct judging {
	struct tshm_suppressions suppressions;
	struct tshm_baseline *baseline;		/* or NULL */
};

static int write_all(const struct tshm_command *c, struct tshm_out *out)
{
	int status = EXIT_OK;
	char *error;

	for (size_t i = 0; i < c->output_count; i++)
		if (write_one(out, &c->outputs[i]) != 0)
			status = EXIT_UNJUDGED;
	if (c->write_baseline && !tshm_baseline_write(c->write_baseline, out->findings, out->symbols, &error)) {
		complain(error);
		status = EXIT_UNJUDGED;
	}
	return status;
}

/* Write all outputs; the status says what the gate says, unless something failed. */
static int report(const struct tshm_command *c, const struct tshm_run *run, struct judging *j)
{
	struct tshm_findings *findings = tshm_judge(run);
	struct tshm_holders *holders = c->holders ? tshm_holders_look(run) : NULL;
	struct tshm_out out = {
		.run = run, .findings = findings, .symbols = tshm_symbols_new(), .holders = holders, .by = c->by,
		.verbose = c->verbose, .tell_run = !c->run_count, .suppressions = &j->suppressions,
		.baseline = j->baseline, .policy = c->policy, .gated = c->gated,
	};
	TSHM_AUTO_FREE char *root = tshm_source_root(c->source_root);
	struct tshm_verdict verdict;
	int status;

	if (!c->no_symbol_cache)
		tshm_symbols_keep(out.symbols);
	tshm_suppressions_apply(&j->suppressions, findings, out.symbols);
	if (j->baseline)
		tshm_baseline_apply(j->baseline, findings, out.symbols);
	tshm_progress("looking up functions and lines", 0, 0);
	verdict = tshm_gate_judge(c->policy, run, findings);
	out.gate = verdict.gate;
	out.why = verdict.why;
	out.broken = verdict.broken;
	out.source_root = root;
	status = write_all(c, &out);
	/* Without a gate findings are no failure; that nothing could be judged is one in any case. */
	if (status == EXIT_OK && (c->gated || (run->unreadable && !run->image_count)))
		status = (int)out.gate;
	free(verdict.why);
	tshm_symbols_free(out.symbols);
	tshm_holders_free(holders);
	tshm_findings_free(findings);
	return status;
}

/* What should have gone and is still there fails; that something stays which may not go does not. */
static int look_at_system(const struct tshm_command *c)
{
	const char *error;
	struct tshm_system *system = tshm_system_look(&c->asked, &error);
	struct tshm_out out = { .system = system, .verbose = c->verbose };
	int status = EXIT_OK;

	if (!system) {
		fprintf(stderr, "tshm-report: %s\n", error);
		return EXIT_UNJUDGED;
	}
	for (int i = 0; i < c->asked.name_count; i++)
		if (!tshm_system_has(system, c->asked.names[i])) {
			TSHM_AUTO_FREE char *escaped = tshm_text_escape(c->asked.names[i]);

			fprintf(stderr, "tshm-report: nothing is called '%s'\n", escaped);
		}
	if (c->asked.reap)
		tshm_system_reap(system);
	for (size_t i = 0; i < c->output_count; i++)
		if (write_one(&out, &c->outputs[i]) != 0)
			status = EXIT_UNJUDGED;
	if (status == EXIT_OK && system->refused)
		status = EXIT_REFUSED;
	tshm_system_free(system);
	return status;
}

/* Also before rules are only listed: tshm-run asks so whether its options are good. */
static bool prepare(const struct tshm_command *c, struct judging *j)
{
	char *error = NULL;
	bool ok = true;

	for (size_t i = 0; ok && i < c->suppression_count; i++)
		ok = tshm_suppressions_read(&j->suppressions, c->suppressions[i], true, &error);
	if (ok && !c->no_default_suppressions)
		ok = tshm_suppressions_read_default(&j->suppressions, &error);
	if (ok && c->baseline)
		ok = (j->baseline = tshm_baseline_read(c->baseline, &error)) != NULL;
	if (!ok)
		complain(error);
	return ok;
}

int main(int argc, char **argv)
{
	struct tshm_command c;
	struct judging j = { 0 };
	struct tshm_run *run;
	char *error = NULL;
	int status;

	/* Characters as the user's terminal has them; numbers stay as they are everywhere. */
	setlocale(LC_CTYPE, "");
	tshm_command_read(&c, argc, argv);
	if (c.prune) {
		status = prune(c.prune_room);
	} else if (c.system) {
		status = look_at_system(&c);
	} else if (!prepare(&c, &j)) {
		status = EXIT_USAGE;
	} else if (c.list_checks) {
		status = list_checks();
	} else if ((run = load(&c, &error))) {
		status = report(&c, run, &j);
		tshm_progress_end();
		tshm_run_free(run);
	} else {
		complain(error);
		status = EXIT_UNJUDGED;
	}
	tshm_suppressions_free(&j.suppressions);
	tshm_baseline_free(j.baseline);
	tshm_policy_free(c.policy);
	free(c.suppressions);
	free(c.outputs);
	return status;
}
