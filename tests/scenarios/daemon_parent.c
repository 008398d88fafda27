/* SPDX-License-Identifier: MIT */
/*
 * daemon() ends the parent inside of libc.  Eight memfds were closed before, in a way that was not
 * seen; when the parent ends they are looked for, and are not there.
 */
#include "bypass.h"
#include "scenario.h"

int main(void)
{
	int fds[8];

	scenario_begin();
	printf("EXPECT-NONE\n");
	for (int i = 0; i < 8; i++)
		fds[i] = make_memfd();
	for (int i = 0; i < 8; i++)
		must((int)inline_call(SYS_close, fds[i], 0, 0, 0), "close");
	must(daemon(0, 0), "daemon");
	return 0;
}
