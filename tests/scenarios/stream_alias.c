/* SPDX-License-Identifier: MIT */
/* The names under which old programs know fopen, fclose, fdopen and popen, and streams over tables of mounts. */
#include <mntent.h>

#include "scenario.h"

FILE *_IO_fopen(const char *, const char *);
FILE *_IO_fdopen(int, const char *);
int _IO_fclose(FILE *);
FILE *_IO_popen(const char *, const char *);
FILE *__setmntent(const char *, const char *);
int __endmntent(FILE *);

static FILE *got(FILE *file, const char *what)
{
	if (!file)
		die("%s", what);
	return file;
}

int main(void)
{
	char line[16];

	scenario_begin();
	printf("EXPECT-NONE\n");
	printf("EXPECT-TOTAL _IO_fopen 20 20\nEXPECT-TOTAL _IO_popen 20 20\nEXPECT-TOTAL memfd_create 20 20\n");
	printf("EXPECT-TOTAL setmntent 20 20\nEXPECT-TOTAL __setmntent 20 20\n");
	for (int i = 0; i < 20; i++) {
		FILE *file = got(_IO_fopen("/etc/passwd", "re"), "_IO_fopen");
		FILE *memfd = got(_IO_fdopen(make_memfd(), "w"), "_IO_fdopen");
		FILE *mounts = got(setmntent("/proc/self/mounts", "r"), "setmntent");
		FILE *more = got(__setmntent("/proc/self/mounts", "r"), "__setmntent");
		FILE *pipe = got(_IO_popen("echo x", "re"), "_IO_popen");

		got((FILE *)getmntent(mounts), "getmntent");
		if (!fgets(line, sizeof(line), pipe))
			die("fgets");
		must(pclose(pipe), "pclose");
		must(_IO_fclose(memfd), "_IO_fclose");
		must(_IO_fclose(file), "_IO_fclose");
		endmntent(mounts);
		__endmntent(more);
	}
	return 0;
}
