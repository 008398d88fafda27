/* SPDX-License-Identifier: MIT */
/* Huge pages are asked for first; where there are none, small ones do: no limit that anybody minds. */
#include "scenario.h"

#define HUGE ((size_t)2 << 20)

int main(void)
{
	void *at;

	scenario_begin();
	printf("LOOKALIKE limit-hit\n");
	printf("EXPECT-NONE\n");
	at = mmap(NULL, HUGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	if (at == MAP_FAILED)
		at = mmap(NULL, HUGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED)
		die("mmap");
	must(munmap(at, HUGE), "munmap");
	return 0;
}
