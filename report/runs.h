/* SPDX-License-Identifier: MIT */
/*
 * Runs and where they lie: the pool, what a RUN argument means, loading, pruning.
 *
 * A pool is a directory of one user.  Each subdirectory with a run.json was made by
 * tshm-run and is one run; "loose" holds the ledgers of programs that were preloaded
 * without it, which are joined into runs by their root image.
 */
#ifndef TSHM_RUNS_H
#define TSHM_RUNS_H

#include "model.h"

/*
 * Load what the arguments name (none: the newest run), join it, ask the kernel.
 * Each argument is a run's directory, a ledger file, a token, or a run's name in the
 * pool; ledger files given one by one make one run.  Several runs, also of several hosts,
 * make one report; their objects and processes stay apart (run->parts).  Returns NULL and one line in
 * *error (to be freed) if there is no such run.  Ledgers that cannot be read are
 * counted in run->unreadable and told in run->problems.
 */
struct tshm_run *tshm_run_load(char **args, int count, char **error);
void tshm_run_free(struct tshm_run *);

/* Does any image of it run now?  (For --wait: load, ask, sleep, load again.) */
bool tshm_run_is_live(const struct tshm_run *);

struct tshm_run_entry {
	char *path;		/* directory; for a loose run the root image's ledger */
	char *name;		/* what to give as RUN: the name in its pool, or a token */
	uint64_t started_wall;	/* ns; 0 if not known */
	size_t ledgers;
	bool loose;
	bool live;		/* an image of it runs, or tshm-run still waits for it */
};

struct tshm_run_list {
	struct tshm_run_entry *list;	/* newest first */
	size_t count;
};

/* All runs of this user (or of TSHM_DIR).  Never NULL. */
struct tshm_run_list *tshm_runs_list(void);
void tshm_runs_list_free(struct tshm_run_list *);

struct tshm_pruned {
	size_t runs;		/* removed */
	size_t ledgers;		/* files in them */
	uint64_t bytes;		/* that they took on their file system */
	size_t kept;		/* runs that still run */
	size_t spared;		/* the newest, for which there was room */
	size_t failed;		/* could not be removed */
};

/* Remove finished runs, but the newest that together take less than `room` bytes. */
struct tshm_pruned tshm_runs_prune(uint64_t room);

#endif
