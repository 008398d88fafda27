/* SPDX-License-Identifier: MIT */
/* tshm-run: one job, and what each file does with it. */
#ifndef TSHM_RUN_H
#define TSHM_RUN_H

#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Exit statuses of our own, those of env(1) and timeout(1). */
enum { TSHM_EXIT_FAILED = 125, TSHM_EXIT_CANNOT = 126, TSHM_EXIT_ABSENT = 127 };

struct tshm_job {
	/* from the command line */
	const char *output;		/* -o, or NULL */
	bool gated;
	char **report;			/* options for tshm-report, as they came */
	size_t report_count;
	double wait;			/* seconds */
	bool subreaper;
	char **command;			/* ended by NULL */
	/* where it is kept */
	char *dir;			/* absolute */
	int dir_fd;
	/* for run.json */
	char boot_id[40];
	uint64_t pidns;
	uint64_t started_wall, ended_wall;
	json_t *names_before;
	pid_t root_pid;
	int wait_status;
	pid_t *stayed;
	size_t stayed_count;
};

/* options.c.  Does not return for --help, --version and wrong usage. */
void tshm_options_read(struct tshm_job *, int argc, char **argv);

#define TSHM_POOL_CAP "256"		/* MiB that finished runs may keep in the pool */
#define TSHM_POOL_MANY 32		/* runs from which on the pool is looked at */

/* place.c: the run's directory, made. */
void tshm_place_make(struct tshm_job *);

/* names.c: labels of all names that are there now, as the report makes them. */
json_t *tshm_names_now(void);

/* runfile.c: run.json.  -1: said why, nothing of it is left. */
void tshm_runfile_begin(struct tshm_job *);
int tshm_runfile_write(const struct tshm_job *);
/* A JSON string of any bytes: those that are no UTF-8 become U+FFFD. */
json_t *tshm_runfile_string(const char *);

/* env.c: the environment of the command; call in the child. */
void tshm_env_set(const struct tshm_job *, const char *library);
/* The preload library's absolute path, or the end. */
char *tshm_env_library(void);
/* DIR/name for the directory that this program lies in, or NULL. */
char *tshm_env_beside(const char *name);

/* needs.c: the first library that the command needs whose name begins with a prefix, or NULL. */
char *tshm_needs(const char *command, const char *const *prefixes);

/* child.c: runs the command to its end, passing signals on. */
struct tshm_signals {
	int fd;				/* signalfd of what we pass on */
	sigset_t before;
	struct sigaction child_before;
};
void tshm_signals_open(struct tshm_signals *);
void tshm_signals_restore(const struct tshm_signals *);	/* as we found them: for what we execute */
/* 0, or the exit status that says why the command could not be started. */
int tshm_child_run(struct tshm_job *, const struct tshm_signals *, const char *library);
/* Read what is pending; pid > 0: pass it on.  True: somebody asked us to end. */
bool tshm_signals_take(const struct tshm_signals *, pid_t pid, bool *child);

/* rest.c: wait for observed descendants; those that stay go to job->stayed. */
void tshm_rest_wait(struct tshm_job *, const struct tshm_signals *);

/* judge.c: tshm-report. */
int tshm_judge_check(const struct tshm_job *);		/* would it take these options? */
int tshm_judge(const struct tshm_job *);		/* its exit status */
void tshm_judge_tidy(void);				/* hold the pool to its cap */

/* main.c */
__attribute__((format(printf, 1, 2))) void tshm_say(const char *format, ...);
__attribute__((format(printf, 1, 2), noreturn)) void tshm_die(const char *format, ...);
__attribute__((format(printf, 1, 2))) char *tshm_text(const char *format, ...);	/* allocated, or the end */
void *tshm_grow(void *, size_t count, size_t size);	/* room for one more after count */

#endif
