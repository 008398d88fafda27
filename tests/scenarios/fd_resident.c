/* SPDX-License-Identifier: MIT */
/*
 * getpwent() keeps a descriptor inside of libc.  The program closes all that it does not know, its own
 * memfds get the numbers, and endpwent() closes one of them.  Six were made from one place, five are
 * there in the end: fewer than are called a leak.
 */
#include <pwd.h>

#include "scenario.h"

int main(void)
{
	int first;

	scenario_begin();
	printf("EXPECT-NONE\n");
	must(first = dup(0), "dup");
	must(close(first), "close");
	setpwent();
	if (!getpwent() || fcntl(first, F_GETFD) < 0)
		skip("getpwent keeps no descriptor here");
	closefrom(first);
	for (int i = 0; i < 6; i++)
		make_memfd();
	endpwent();
	if (fcntl(first, F_GETFD) >= 0)
		skip("endpwent closes another");
	return 0;
}
