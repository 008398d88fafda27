/* SPDX-License-Identifier: MIT */
/* What programs may call themselves: include/tshm.h. */
#define TSHM_LIBRARY
#define PUBLIC __attribute__((visibility("default")))

#include "../include/tshm.h"
#include "mark.h"

PUBLIC int tshm_active(void)
{
	return tshm_on() && tshm_header->magic[0];
}

PUBLIC void tshm_mark_begin(const char *mark)
{
	if (mark && *mark && tshm_active())
		tshm_marks_begin(mark);
}

PUBLIC int tshm_mark_end(const char *mark)
{
	return mark && *mark && tshm_active() ? tshm_marks_end(mark) : -1;
}

static long chosen(const int64_t counts[TSHM_MARK_CLASSES], int what)
{
	long sum = 0;

	if (what & (TSHM_WHAT_DESCRIPTORS | TSHM_WHAT_SEGMENTS))
		sum += counts[TSHM_MARK_SEGMENTS];
	if (what & TSHM_WHAT_DESCRIPTORS)
		sum += counts[TSHM_MARK_DESCRIPTORS];
	if (what & TSHM_WHAT_MAPPINGS)
		sum += counts[TSHM_MARK_SEGMENT_MAPS] + counts[TSHM_MARK_OTHER_MAPS];
	if (what & TSHM_WHAT_SEMAPHORES)
		sum += counts[TSHM_MARK_SEMAPHORES];
	if (what & TSHM_WHAT_IPC)
		sum += counts[TSHM_MARK_IPC_MEMORY] + counts[TSHM_MARK_IPC_EVENTS];
	return sum;
}

PUBLIC long tshm_live(int what)
{
	int64_t live[TSHM_MARK_CLASSES];

	if (!tshm_active())
		return -1;
	tshm_marks_live(live);
	return chosen(live, what);
}

PUBLIC long tshm_mark_growth(const char *mark, int what)
{
	int64_t grown[TSHM_MARK_CLASSES];

	return mark && tshm_active() && tshm_marks_growth(mark, grown) ? chosen(grown, what) : 0;
}

/* Beyond what is allowed. */
static long over(int64_t grown, int64_t allowed)
{
	return grown > allowed ? (long)(grown - allowed) : 0;
}

PUBLIC long tshm_leak_check(const char *mark, unsigned tolerance)
{
	int64_t g[TSHM_MARK_CLASSES];

	if (!mark || !tshm_active() || !tshm_marks_growth(mark, g))
		return -1;
	return over(g[TSHM_MARK_SEGMENTS], 0) + over(g[TSHM_MARK_SEGMENT_MAPS], 0) +
	       over(g[TSHM_MARK_DESCRIPTORS], tolerance) + over(g[TSHM_MARK_OTHER_MAPS], tolerance) +
	       over(g[TSHM_MARK_SEMAPHORES], tolerance) + over(g[TSHM_MARK_IPC_MEMORY], tolerance) +
	       over(g[TSHM_MARK_IPC_EVENTS], tolerance);
}
