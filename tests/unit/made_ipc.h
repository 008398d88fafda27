/* SPDX-License-Identifier: MIT */
/* Runs of an exporter and an importer of CUDA IPC, and what the rules must say about them. */
#ifndef TSHM_MADE_IPC_H
#define TSHM_MADE_IPC_H

#include "made_run.h"

#define MS 1000000ull
#define EXPORTER 3999991	/* processes that no longer live */
#define IMPORTER 3999992
#define ENDS 1000		/* ms: when processes end, if nobody says otherwise */

extern uint64_t epoch;		/* all times are ms from here */

int set_up_ipc(void **state);	/* set_up(), and a new epoch */
struct made image(unsigned number, pid_t pid, const char *exe);
struct made exporter(void);
struct made importer(void);
void save_ended(struct made *, uint64_t ms);
/* A record with the handle `handle`, from `begin` to `end` ms; end 0: it is live. */
struct tshm_ipc *record(struct made *, enum tshm_ipc_role, int handle, uint64_t begin, uint64_t end);
/* An exporter whose memory lives until `freed` (0: for ever), and which itself ends at `ends`. */
void export(enum tshm_ipc_role, int handles, uint64_t freed, uint64_t ends);
/* The same for an importer. */
void import(enum tshm_ipc_role, int handles, uint64_t closed, uint64_t ends);

/* The first of a rule must be this. */
const struct tshm_finding *expect(const struct judged *, const char *rule, enum tshm_severity, const char *text);
/* Judge once: this and nothing else but notes.  Its second stack has the title *second*, or it has none. */
void only(const char *rule, enum tshm_severity, const char *text, const char *second);
void nothing(void);
void none_of(const char *rule);

#endif
