/* SPDX-License-Identifier: MIT */
/* Twelve plain files are open at the end: a note, not a fault (ar ends with sixty). */
#include "scenario.h"

int main(void)
{
	scenario_begin();
	printf("LOOKALIKE fd-leaked\n");
	printf("EXPECT fd-open-at-exit 12\n");
	for (int i = 0; i < 12; i++)
		must(open("/etc/passwd", O_RDONLY | O_CLOEXEC), "open");
	return 0;
}
