/* SPDX-License-Identifier: MIT */
/*
 * Does this kernel know the call?  Programs ask with a structure that is not there, or with a size
 * that no kernel takes, and look at errno: `syscall(SYS_clone3, NULL, 0)` killed the program under tshm.
 */
#include <dlfcn.h>
#include <errno.h>
#include <sys/syscall.h>

#include "scenario.h"

static void ask(const char *what, long number, long a, long b, long c, long d, int error)
{
	long result = syscall(number, a, b, c, d);

	if (result != -1 || (errno != error && errno != ENOSYS && errno != EPERM))
		die("%s: %ld, errno %d", what, result, errno);
}

int main(void)
{
	int (*openat2)(int, const char *, const void *, size_t);
	long path = (long)"/dev/null";

	scenario_begin();
	ask("clone3, nothing", SYS_clone3, 0, 0, 0, 0, EINVAL);
	ask("clone3, no structure", SYS_clone3, 0, 64, 0, 0, EFAULT);
	ask("clone3, too small", SYS_clone3, 8, 8, 0, 0, EINVAL);
#ifdef SYS_openat2
	ask("openat2, nothing", SYS_openat2, AT_FDCWD, path, 0, 0, EINVAL);
	ask("openat2, no structure", SYS_openat2, AT_FDCWD, path, 0, 24, EFAULT);
	ask("openat2, too small", SYS_openat2, AT_FDCWD, path, 8, 8, EINVAL);
#endif
	/* Not every libc has it; where it has not, tshm does. */
	if ((openat2 = (int (*)(int, const char *, const void *, size_t))dlsym(RTLD_DEFAULT, "openat2")) &&
	    (openat2(AT_FDCWD, "/dev/null", (void *)8, 8) != -1 || openat2(AT_FDCWD, "/dev/null", NULL, 24) != -1))
		die("openat2 opened something");
	printf("EXPECT-NONE\n");
	return 0;
}
