/* SPDX-License-Identifier: MIT */
/*
 * Two children are made without the C library's fork: one by _Fork(), one by the
 * bare system call.  No handler runs in them, yet each leaves a segment that is its own.
 */
#include <sys/syscall.h>

#include "scenario.h"

static void make_one(const char *name, const char *suffix)
{
	char longer[128];

	snprintf(longer, sizeof(longer), "%s-%s", name, suffix);
	make_segment(longer);
	_exit(0);
}

int main(void)
{
	const char *name = scenario_name("shm_leak_raw_fork");
	pid_t child = _Fork();

	if (child == 0)
		make_one(name, "_Fork");
	must(child, "_Fork");
	must_wait(child);
	printf("LOOKALIKE shm-appeared\n");
	printf("EXPECT shm-leaked %s-_Fork\n", name + 1);
	printf("EXPECT shm-leaked never removed\n");
#ifdef SYS_fork
	child = (pid_t)syscall(SYS_fork);
	if (child == 0)
		make_one(name, "SYS_fork");
	must(child, "SYS_fork");
	must_wait(child);
	printf("EXPECT shm-leaked %s-SYS_fork\n", name + 1);
#endif
	return 0;
}
