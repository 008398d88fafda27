/* SPDX-License-Identifier: MIT */
/* Runs of made ledgers in a folder of their own, as the report loads and judges them. */
#ifndef TSHM_MADE_RUN_H
#define TSHM_MADE_RUN_H

#include "../../report/gate.h"
#include "../../report/runs.h"
#include "make_ledger.h"

extern char directory[];	/* of the test that runs: its ledgers */
extern char name[64];		/* of this program, in the shm mount; nothing is there when a test begins */

/* A process that no longer lives. */
#define DEAD_PID 3999999

struct judged {
	struct tshm_run *run;
	struct tshm_findings *found;
};

/* For cmocka, around each test. */
int set_up(void **state);
int tear_down(void **state);
/* Into the directory; it is freed. */
void save(struct made *);
/* All that was saved. */
struct judged judge(void);
void done(struct judged *);
/* The first finding of a rule, or NULL. */
const struct tshm_finding *find(const struct judged *, const char *rule);
/* One of the rule has this text and severity; tests run side by side, and what appears may be another's. */
void expect_finding(const struct judged *, const char *rule, enum tshm_severity severity, const char *text);
void expect_no_finding(const struct judged *, const char *rule);
/* A segment of 64 KiB there: its descriptor. */
int make_segment(const char *path);
/* By the policy that holds without a file. */
enum tshm_gate gate(const struct judged *);

#endif
