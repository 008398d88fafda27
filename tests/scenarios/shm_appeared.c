/* SPDX-License-Identifier: MIT */
/*
 * A segment is made by a system call instruction of the program's own, which no
 * preloaded library sees.  Then a create-or-open finds it there: that is opening.
 * It is left, so tshm says that it appeared and blames no one.
 */
#include <sys/syscall.h>
#include <time.h>

#include "scenario.h"

#ifdef __x86_64__
static int unseen_openat(const char *path, int flags, int mode)
{
	register long r10 __asm__("r10") = mode;
	long result;

	__asm__ volatile("syscall" : "=a"(result)
			 : "a"(SYS_openat), "D"(AT_FDCWD), "S"(path), "d"(flags), "r"(r10)
			 : "rcx", "r11", "memory");
	return (int)result;
}
#endif

int main(void)
{
#ifdef __x86_64__
	const char *path = scenario_path("shm_appeared");
	struct timespec first, now;
	int fd = unseen_openat(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	must(fd, "openat");
	must(close(fd), "close");
	/* The clocks that are compared tick every few milliseconds. */
	clock_gettime(CLOCK_MONOTONIC, &first);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while ((now.tv_sec - first.tv_sec) * 1000000000 + now.tv_nsec - first.tv_nsec < 30000000);
	fd = shm_open(strrchr(path, '/'), O_RDWR | O_CREAT, 0600);
	must(fd, "shm_open");
	must(close(fd), "close");
	printf("EXPECT shm-appeared %s\n", strrchr(path, '/') + 1);
	return 0;
#else
	skip("written for x86-64");
#endif
}
