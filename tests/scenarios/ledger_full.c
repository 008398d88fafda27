/* SPDX-License-Identifier: MIT */
/* A program searches for what to execute in so many long places that the ledger has no room for their names. */
#include "scenario.h"

int main(void)
{
	static char place[4000], name[] = "none";
	char *const arguments[] = { name, NULL };

	scenario_begin();
	printf("EXPECT ledger-full strings of\n");
	memset(place, '/', sizeof(place) - 1);
	for (int i = 0; i < 400; i++) {
		snprintf(place, sizeof(place), "/tshm-test-%03d", i);
		place[strlen(place)] = '/';
		if (execv(place, arguments) != -1)
			die("there is such a program");
	}
	return 0;
}
