/* SPDX-License-Identifier: MIT */
/* A memfd without close-on-exec: the next program inherits it and does not know. */
#include "scenario.h"

int main(int argc, char **argv)
{
	if (argc > 1)
		return strcmp(argv[1], "again") != 0;
	scenario_begin();
	printf("EXPECT fd-crossed-exec\n");
	must(memfd_create("tshm-test", 0), "memfd_create");
	execl("/proc/self/exe", argv[0], "again", (char *)NULL);
	die("execl");
}
