/* SPDX-License-Identifier: MIT */
/* Five memfds and five mappings stay to the end: so few of one place are no leak yet. */
#include "scenario.h"

int main(void)
{
	scenario_begin();
	printf("LOOKALIKE fd-leaked\n");
	printf("LOOKALIKE map-leaked\n");
	printf("EXPECT fd-open-at-exit 5 descriptors\n");
	for (volatile int i = 0; i < 5; i++)
		map_shared(make_memfd(), SCENARIO_SIZE);
	return 0;
}
