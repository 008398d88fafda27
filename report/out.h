/* SPDX-License-Identifier: MIT */
/* Findings to output: one file a format. */
#ifndef TSHM_OUT_H
#define TSHM_OUT_H

#include <stdio.h>

#include "baseline.h"
#include "finding.h"
#include "gate.h"
#include "suppress.h"
#include "symbol.h"
#include "text.h"

struct tshm_holders;
struct tshm_system;
struct tshm_trace;

enum tshm_by { TSHM_BY_FINDING, TSHM_BY_OBJECT, TSHM_BY_PROCESS, TSHM_BY_SITE };

struct tshm_out {
	FILE *to;
	const struct tshm_run *run;
	const struct tshm_findings *findings;
	struct tshm_symbols *symbols;
	const struct tshm_holders *holders;	/* NULL: nobody asked where they stand */
	const struct tshm_suppressions *suppressions;	/* or NULL */
	const struct tshm_baseline *baseline;	/* or NULL */
	const struct tshm_policy *policy;
	bool gated;			/* somebody asked for the gate: its verdict is told */
	enum tshm_gate gate;
	unsigned broken;		/* limits of the policy: tshm_gate_blames() */
	const char *source_root;	/* tshm_source_root() */
	const char *why;		/* it fails or is unjudged, or NULL */
	enum tshm_by by;
	bool verbose;			/* everything in full */
	bool tell_run;			/* nobody said which run: tell which it is */
	bool colour;
	int width;			/* of the terminal; 0: no terminal */
	const struct tshm_system *system;	/* for --system and --reap, which have no run; else NULL */
};

void tshm_out_text(const struct tshm_out *);
void tshm_out_json(const struct tshm_out *);
/* The same of --system, or if that was asked for of --reap. */
void tshm_out_system(const struct tshm_out *);
void tshm_out_json_system(const struct tshm_out *);
void tshm_out_suppressions(const struct tshm_out *);
void tshm_out_junit(const struct tshm_out *);
void tshm_out_sarif(const struct tshm_out *);
void tshm_out_github(const struct tshm_out *);
/* One finding as the text has it, without colours; to be freed. */
char *tshm_out_finding_text(const struct tshm_out *, const struct tshm_finding *);
/* The line "SUMMARY: tshm: ...". */
void tshm_out_summary(const struct tshm_out *);
/* "2024-01-31T12:00:00Z"; "" for 0. */
struct tshm_text tshm_out_time(uint64_t wall_ns);
/* Tables of objects, processes or sites, by libsmartcols (out_table.c). */
void tshm_out_table(const struct tshm_out *);
/* A short table of the processes that were killed, still run, or were not observed; nothing if there are none. */
void tshm_out_odd_processes(const struct tshm_out *);
/* Where the threads of the holders stand. */
void tshm_out_holders(const struct tshm_out *);
/* A stack, one line a frame; frees it. */
void tshm_out_trace(const struct tshm_out *, struct tshm_trace *, int indent);
/* What an object is called: its kind, but what a SysV attachment refers to is a segment. */
const char *tshm_out_kind(const struct tshm_object *);
/* How many processes: programs that one process ran one after another count once. */
size_t tshm_out_processes(const struct tshm_run *);
size_t tshm_out_running(const struct tshm_run *);
/* Says that the output could not be made and exits with 3. */
_Noreturn void tshm_out_failed(const char *what);

struct tshm_format {
	const char *name;
	void (*write)(const struct tshm_out *);
	void (*write_system)(const struct tshm_out *);	/* of --system and --reap; NULL: there is none */
	const char *text;	/* one line, for --help */
};
/* All formats; count is written.  The first is the default. */
const struct tshm_format *tshm_formats(size_t *count);
const struct tshm_format *tshm_format_find(const char *name);

#endif
