/* SPDX-License-Identifier: MIT */
/* MREMAP_DONTUNMAP takes an address as a hint, without MREMAP_FIXED: it arrives (mremap(2)). */
#include "scenario.h"

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

int main(void)
{
	char *at, *place, *to;

	scenario_begin();
	printf("EXPECT-NONE\n");
	at = mmap(NULL, SCENARIO_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	place = mmap(NULL, 16 * SCENARIO_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED || place == MAP_FAILED)
		die("mmap");
	must(munmap(place, 16 * SCENARIO_SIZE), "munmap");
	to = mremap(at, SCENARIO_SIZE, SCENARIO_SIZE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, place);
	if (to == MAP_FAILED && errno == EINVAL)
		skip("no MREMAP_DONTUNMAP here");
	if (to != place)
		die("%p, not %p", (void *)to, (void *)place);
	return 0;
}
