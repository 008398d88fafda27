/* SPDX-License-Identifier: MIT */
/* Descriptors are closed by syscall(), as Node.js does. */
#include <sys/syscall.h>

#include "scenario.h"

int main(void)
{
	scenario_begin();
	printf("EXPECT-NONE\n");
	for (int i = 0; i < 20; i++) {
		int fd = make_memfd();

		must((int)syscall(SYS_close, fd), "SYS_close");
	}
	return 0;
}
