/* SPDX-License-Identifier: MIT */
/* Pools: where runs lie; the files of one run; run.json. */
#ifndef TSHM_POOL_H
#define TSHM_POOL_H

#include "join.h"

#define TSHM_POOL_LOOSE "loose"

struct tshm_paths { char **list; size_t count, capacity; };
void tshm_paths_add(struct tshm_paths *, char *path);	/* takes it */
void tshm_paths_free(struct tshm_paths *);

/* The directories that may be pools of this user and are. */
struct tshm_paths tshm_pools(void);
/* Runs that tshm-run made in that pool (the pool itself, if TSHM_DIR is a run). */
struct tshm_paths tshm_pool_runs(const char *pool);
/* Ledgers in a directory, sorted; those that begun without tshm-run for a pool. */
struct tshm_paths tshm_pool_ledgers(const char *directory);
struct tshm_paths tshm_pool_loose(const char *pool);
bool tshm_pool_is_run(const char *directory);
bool tshm_pool_is_token(const char *);

/* Take from run.json what it tells.  Returns 0, -ENOENT, or -EINVAL with a line in run->problems. */
int tshm_runfile_read(struct tshm_run *, const char *directory);

/* An empty run; and images, problems and what else is the run's, freed. */
struct tshm_run *tshm_run_new(const char *path);
/* Read these ledgers into the run: whole, or what joining needs. */
void tshm_run_read(struct tshm_run *, const struct tshm_paths *, bool peek);

#endif
