/* SPDX-License-Identifier: MIT */
/*
 * Two mappings with a gap between them are moved at once, by mremap() and by syscall(), as
 * Linux 6.17 can; the gap was taken for a part of the first.  Older kernels refuse, some of them
 * when what was at the goal is gone already: then it is let go of where it is.
 */
#include <stdbool.h>
#include <sys/syscall.h>

#include "scenario.h"

#define PART (SCENARIO_SIZE / 4)

__attribute__((noinline)) static void one_round(int fd, bool by_syscall)
{
	char *at = map_shared(fd, SCENARIO_SIZE), *to = map_shared(fd, SCENARIO_SIZE), *moved;
	int flags = MREMAP_MAYMOVE | MREMAP_FIXED;
	unsigned char in_core;

	must(munmap(at + PART, PART), "munmap of a part");
	moved = by_syscall ? (void *)syscall(SYS_mremap, at, SCENARIO_SIZE, SCENARIO_SIZE, flags, to) :
			     mremap(at, SCENARIO_SIZE, SCENARIO_SIZE, flags, to);
	if (moved == MAP_FAILED) {
		if (mincore(to, 1, &in_core) == 0)
			must(munmap(to, SCENARIO_SIZE), "munmap of the goal");
		moved = at;
	}
	must(munmap(moved, PART), "munmap of the first");
}

int main(void)
{
	int fd;

	scenario_begin();
	printf("EXPECT map-leaked 16 shared mappings (tshm-test first, 512.0 KiB in all)\n");
	fd = make_memfd();
	for (int i = 0; i < 16; i++)
		one_round(fd, i % 2);
	must(close(fd), "close");
	return 0;
}
