/* SPDX-License-Identifier: MIT */
/*
 * mremap: a shared mapping shrinks, grows (and may move), moves to a chosen place,
 * and is doubled by an old size of 0.  Each is unmapped where it is in the end.
 */
#include <stdbool.h>
#include <sys/syscall.h>

#include "scenario.h"

static void move_and_keep(int fd, bool by_syscall)
{
	char *at = map_shared(fd, SCENARIO_SIZE), *to;

	/* MREMAP_DONTUNMAP; since Linux 5.13 for shared ones, too */
	to = by_syscall ? (void *)syscall(SYS_mremap, at, SCENARIO_SIZE, SCENARIO_SIZE, MREMAP_MAYMOVE | 4) :
			  mremap(at, SCENARIO_SIZE, SCENARIO_SIZE, MREMAP_MAYMOVE | 4);
	if (to != MAP_FAILED)
		must(munmap(to, SCENARIO_SIZE), "munmap of what was moved");
	must(munmap(at, SCENARIO_SIZE), "munmap of where it was");
}

static void one_round(int fd)
{
	char *at = map_shared(fd, SCENARIO_SIZE), *place, *twin;

	at = mremap(at, SCENARIO_SIZE, SCENARIO_SIZE / 2, 0);
	if (at == MAP_FAILED)
		die("shrink");
	at = mremap(at, SCENARIO_SIZE / 2, 4 * SCENARIO_SIZE, MREMAP_MAYMOVE);
	if (at == MAP_FAILED)
		die("grow");
	place = mmap(NULL, 4 * SCENARIO_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (place == MAP_FAILED)
		die("mmap");
	at = mremap(at, 4 * SCENARIO_SIZE, 4 * SCENARIO_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, place);
	if (at != place)
		die("move");
	twin = mremap(at, 0, SCENARIO_SIZE, MREMAP_MAYMOVE);
	if (twin == MAP_FAILED)
		die("double");
	twin[0] = 't';
	if (at[0] != 't')
		die("the twin is not of the same memory");
	must(munmap(twin, SCENARIO_SIZE), "munmap of the twin");
	must(munmap(at, 4 * SCENARIO_SIZE), "munmap");
}

int main(void)
{
	int fd;

	scenario_begin();
	printf("EXPECT-NONE\n");
	fd = make_memfd();
	for (int i = 0; i < 10; i++)
		one_round(fd);
	for (int i = 0; i < 2; i++)
		move_and_keep(fd, i);
	must(close(fd), "close");
	return 0;
}
