/* SPDX-License-Identifier: MIT */
/* A child executes a program that is linked statically; the loader preloads nothing there. */
#include <elf.h>
#include <stdint.h>

#include "scenario.h"

/* Has it no interpreter? */
static int is_static(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), interpreted = 0;
	Elf64_Phdr p;
	Elf64_Ehdr e;

	if (fd < 0 || read(fd, &e, sizeof(e)) != sizeof(e) || e.e_ident[EI_CLASS] != ELFCLASS64)
		return 0;
	for (unsigned i = 0; i < e.e_phnum; i++)
		if (pread(fd, &p, sizeof(p), (off_t)(e.e_phoff + i * sizeof(p))) == sizeof(p))
			interpreted |= p.p_type == PT_INTERP;
	close(fd);
	return !interpreted;
}

int main(void)
{
	static char option[] = "--version";
	static const char *const paths[] = { "/sbin/ldconfig", "/sbin/ldconfig.real", "/bin/busybox" };
	pid_t child;

	scenario_begin();
	for (unsigned i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		char *const argv[] = { (char *)(uintptr_t)paths[i], option, NULL };

		if (!is_static(paths[i]))
			continue;
		printf("EXPECT unobserved static program\n");
		child = must_fork();
		if (child == 0) {
			must(dup2(2, 1), "dup2");	/* what it prints is not for the driver */
			execv(paths[i], argv);
			_exit(1);
		}
		waitpid(child, NULL, 0);
		return 0;
	}
	skip("no static program here");
}
