/* SPDX-License-Identifier: MIT */
/* One function makes a memfd a call and nobody closes them: eight are open at the end, from that place. */
#include "scenario.h"

__attribute__((noinline)) static void make_one(void)
{
	if (memfd_create("tshm-test", MFD_CLOEXEC) < 0)
		die("memfd_create");
}

int main(void)
{
	scenario_begin();
	printf("EXPECT fd-leaked 8 descriptors\n");
	printf("EXPECT-FRAME fd-leaked make_one main\n");
	for (int i = 0; i < 8; i++)
		make_one();
	return 0;
}
