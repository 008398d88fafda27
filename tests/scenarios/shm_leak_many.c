/* SPDX-License-Identifier: MIT */
/* One function makes fifty segments and none is removed: that is one finding, which says fifty. */
#include "scenario.h"

__attribute__((noinline)) static void make_one(const char *name, int i)
{
	char numbered[128];

	snprintf(numbered, sizeof(numbered), "%s-%d", name, i);
	must(close(make_segment(numbered)), "close");
}

int main(void)
{
	const char *name = scenario_name("shm_leak_many");

	printf("EXPECT shm-leaked 50 segments\n");
	printf("EXPECT shm-leaked never removed\n");
	for (int i = 0; i < 50; i++)
		make_one(name, i);
	return 0;
}
