/* SPDX-License-Identifier: MIT */
/* tshm-run: run a command with the library preloaded, wait for what it left running, judge. */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "run.h"

/* One line: names may hold anything, and a terminal obeys some of it. */
static void say(const char *format, va_list args)
{
	char *text, *line, *to;

	if (vasprintf(&text, format, args) < 0)
		return;
	to = line = malloc(4 * strlen(text) + 1);
	for (const unsigned char *s = (const unsigned char *)text; to && *s; s++)
		to += sprintf(to, *s < ' ' || *s == 0x7f ? "\\x%02x" : "%c", *s);
	if (to) {
		*to = 0;
		fprintf(stderr, "tshm-run: %s\n", line);
	}
	free(line);
	free(text);
}

void tshm_say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
}

void tshm_die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
	exit(TSHM_EXIT_FAILED);
}

char *tshm_text(const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		tshm_die("out of memory");
	va_end(args);
	return text;
}

void *tshm_grow(void *list, size_t count, size_t size)
{
	/* Doubles at powers of two, so that adding stays linear. */
	if (count & (count - 1))
		return list;
	list = reallocarray(list, count ? count * 2 : 1, size);
	if (!list)
		tshm_die("out of memory");
	return list;
}

static uint64_t wall(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int status_of(int wait_status)
{
	return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

/* The command's own failure comes first; then ours; then the gate's verdict. */
static int verdict(const struct tshm_job *job, int judged)
{
	int own = status_of(job->wait_status);

	if (own)
		return own;
	return judged == 0 || judged == 1 ? judged : TSHM_EXIT_FAILED;
}

/*
 * Of 0, 1 and 2 none may be free: what we open would get that number, and be written to by who means
 * the standard stream.  Writing there fails as before, and the command finds closed what we did.
 */
static void fill_standard(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && fd <= 2);
	if (fd > 2)
		close(fd);
}

int main(int argc, char **argv)
{
	static struct tshm_job job = { .wait = 10, .dir_fd = -1 };	/* static: what it points to is no leak */
	static struct tshm_signals signals;
	static char *library;
	int failed;

	fill_standard();
	tshm_options_read(&job, argc, argv);
	library = tshm_env_library();
	if (tshm_judge_check(&job) != 0)
		return TSHM_EXIT_FAILED;	/* it has said why */
	tshm_place_make(&job);
	tshm_runfile_begin(&job);
	if (job.subreaper && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0)
		tshm_die("--subreaper: %m");
	tshm_signals_open(&signals);
	/* The last two before the start: what comes in between would be charged to the command. */
	job.names_before = tshm_names_now();
	job.started_wall = wall();
	failed = tshm_child_run(&job, &signals, library);
	if (failed)
		return failed;
	tshm_rest_wait(&job, &signals);
	job.ended_wall = wall();
	tshm_signals_restore(&signals);
	if (tshm_runfile_write(&job) != 0)
		return verdict(&job, TSHM_EXIT_FAILED);
	return verdict(&job, tshm_judge(&job));
}
