/* SPDX-License-Identifier: MIT */
#include "progress.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FIRST_MS 500u		/* what is faster needs no word */
#define EVERY_MS 100u

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static bool is_terminal(void)
{
	static int known = -1;
	const char *term = getenv("TERM");

	if (known < 0)
		known = isatty(2) && term && strcmp(term, "dumb") != 0;
	return known;
}

static bool shown;

void tshm_progress(const char *what, size_t done, size_t total)
{
	static const char *last;
	static uint64_t next;
	uint64_t now;

	if (!is_terminal())
		return;
	now = now_ms();
	if (!next)
		next = now + FIRST_MS;
	/* It counts by itself how long it went on, and shows a new kind of work at once. */
	if (now < next && !(shown && last != what))
		return;
	last = what;
	next = now + EVERY_MS;
	shown = true;
	fprintf(stderr, "\r\033[Ktshm-report: %s", what);
	if (total)
		fprintf(stderr, ": %zu of %zu", done, total);
	fflush(stderr);
}

void tshm_progress_end(void)
{
	if (!shown)
		return;
	shown = false;
	fprintf(stderr, "\r\033[K");
	fflush(stderr);
}
