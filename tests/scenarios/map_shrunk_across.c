/* SPDX-License-Identifier: MIT */
/*
 * A shrinking mremap() unmaps all that lies behind the new end, whatever it is: here
 * two neighbours go with it, of which the call names neither.  Private memory comes
 * to lie in their place, so a tshm that still believed in them would find something
 * mapped there and report twenty leaked mappings.
 */
#include "scenario.h"

int main(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int fd;

	scenario_begin();
	printf("EXPECT-NONE\n");
	fd = make_memfd();
	for (int i = 0; i < 10; i++) {
		char *at = mmap(NULL, 4 * page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (at == MAP_FAILED)
			die("mmap");
		/* page 0: private; pages 1 and 2: a shared one each; page 3: private */
		for (size_t k = 1; k <= 2; k++)
			if (mmap(at + k * page, page, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED)
				die("mmap");
		if (mremap(at, 4 * page, page, 0) != at)
			die("mremap");
		/* Without MAP_FIXED, as malloc would: the kernel takes the hint, for nothing is there. */
		if (mmap(at + page, 3 * page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != at + page)
			die("mmap in the gap");
	}
	must(close(fd), "close");
	return 0;
}
