/* SPDX-License-Identifier: MIT */
/* Which process numbers are in use. */
#include "alive.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "proc.h"
#include "xalloc.h"

static struct { pid_t *live, *dead; size_t live_count, live_room, dead_count, dead_room; } known;

static void add(pid_t **list, size_t *count, size_t *room, pid_t pid)
{
	TSHM_GROW(*list, *count, *room);
	(*list)[(*count)++] = pid;
}

/* All its numbers: a name in a mount that a container shares has the number that its maker has there. */
static void learn(pid_t pid)
{
	TSHM_AUTO_FREE char *text = NULL;
	const char *state, *line;
	char *end;

	if (tshm_proc_text(pid, "status", &text) != 0)
		return;
	state = strstr(text, "\nState:\t");
	if (state && (state[8] == 'Z' || state[8] == 'X')) {
		add(&known.dead, &known.dead_count, &known.dead_room, pid);
		return;
	}
	add(&known.live, &known.live_count, &known.live_room, pid);
	line = strstr(text, "\nNSpid:");
	for (line = line ? line + 7 : ""; *line == '\t'; line = end) {
		pid_t number = (pid_t)strtol(line + 1, &end, 10);

		if (number != pid)
			add(&known.live, &known.live_count, &known.live_room, number);
	}
}

static int order(const void *a, const void *b)
{
	return *(const pid_t *)a - *(const pid_t *)b;
}

static bool has(const pid_t *list, size_t count, pid_t pid)
{
	return count && bsearch(&pid, list, count, sizeof(pid), order);
}

bool tshm_alive(pid_t pid)
{
	static bool learned;

	if (!learned) {
		size_t count;
		TSHM_AUTO_FREE pid_t *list = tshm_proc_list(&count);

		for (size_t i = 0; i < count; i++)
			learn(list[i]);
		if (known.live_count)
			qsort(known.live, known.live_count, sizeof(pid_t), order);
		if (known.dead_count)
			qsort(known.dead, known.dead_count, sizeof(pid_t), order);
		learned = true;
	}
	if (pid <= 0 || has(known.live, known.live_count, pid))
		return true;
	if (has(known.dead, known.dead_count, pid))
		return false;
	/* Where /proc hides other users' processes the kernel still says that they are there. */
	return kill(pid, 0) == 0 || errno != ESRCH;
}
