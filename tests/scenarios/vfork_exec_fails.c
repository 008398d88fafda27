/* SPDX-License-Identifier: MIT */
/*
 * A vfork child finds no program to execute and leaves, with a status of its own choice: it never was more than
 * its parent's memory, and no process that was not observed.
 */
#include <sys/syscall.h>

#include "scenario.h"

static void fail_to_exec(const char *program, int status, int by_syscall)
{
	static char name[] = "program";
	static char *argv[] = { name, NULL };
	int got;
	pid_t child = vfork();

	if (child == 0) {
		if (by_syscall)
			syscall(SYS_execve, program, argv, environ);
		else
			execv(program, argv);
		_exit(status);
	}
	if (waitpid(child, &got, 0) != child || !WIFEXITED(got) || WEXITSTATUS(got) != status)
		die("child");
}

int main(void)
{
	scenario_begin();
	printf("LOOKALIKE unobserved\n");
	printf("EXPECT-NONE\n");
	fail_to_exec("/no/such/program", 1, 0);
	fail_to_exec("/etc/passwd", 127, 0);
	fail_to_exec("/etc/passwd", 1, 1);
	return 0;
}
