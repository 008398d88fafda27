/* SPDX-License-Identifier: MIT */
/*
 * sem_open() makes a file of a name of its own and links the name that was asked for to it.
 * The kernel kills a child at that link: a name is left that no program ever said.
 */
#include <dirent.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <semaphore.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "scenario.h"

static void die_at_link(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
#ifdef SYS_link
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_link, 2, 0),
#endif
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_linkat, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };
	struct rlimit none = { 0, 0 };

	must(setrlimit(RLIMIT_CORE, &none), "setrlimit");
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl");
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0)
		_exit(77);
}

/* Our own, by its value: other tests may leave such names at the same time, to be removed by them. */
static void tell_left(unsigned value)
{
	DIR *dir = opendir("/dev/shm");
	const struct dirent *e;

	if (!dir)
		die("/dev/shm");
	while ((e = readdir(dir))) {
		unsigned found = 0;
		int fd;

		if (strncmp(e->d_name, "sem.", 4) != 0 || strlen(e->d_name) != 10)
			continue;
		fd = openat(dirfd(dir), e->d_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (read(fd, &found, sizeof(found)) == sizeof(found) && found == value)
			printf("# left /dev/shm/%s\n", e->d_name);
		must(close(fd), "close");
	}
	must(closedir(dir), "closedir");
}

int main(void)
{
	const char *name = scenario_name("sem_killed");
	unsigned value = 0x40000000u + (unsigned)getpid();
	pid_t child = fork();
	int status;

	must(child, "fork");
	if (child == 0) {
		die_at_link();
		sem_open(name, O_CREAT | O_EXCL, 0600, value);
		_exit(1);
	}
	must(waitpid(child, &status, 0), "waitpid");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip("no seccomp");
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
		skip("this libc's sem_open() links nothing");
	printf("EXPECT sem-leaked (that was to become /dev/shm/sem.%s)\n", name + 1);
	printf("EXPECT sem-leaked killed by SIGSYS\n");
	tell_left(value);
	return 0;
}
