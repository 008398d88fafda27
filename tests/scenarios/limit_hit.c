/* SPDX-License-Identifier: MIT */
/* The limit of descriptors is lowered; the program opens until it is hit, and closes all. */
#include <sys/resource.h>

#include "scenario.h"

int main(void)
{
	struct rlimit limit = { 40, 40 };
	int fds[64], n = 0;

	scenario_begin();
	printf("EXPECT limit-hit EMFILE\n");
	must(setrlimit(RLIMIT_NOFILE, &limit), "setrlimit");
	while ((fds[n] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
		n++;
	if (errno != EMFILE)
		die("open");
	while (n > 0)
		must(close(fds[--n]), "close");
	return 0;
}
