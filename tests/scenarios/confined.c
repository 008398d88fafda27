/* SPDX-License-Identifier: MIT */
/*
 * A worker confines itself with a filter that kills for every call which it does not make
 * itself, by prctl() and by syscall(SYS_seccomp).  It goes on to make a segment, share it,
 * pass it on, start a child, leave a name behind and exit; for none of this may the library
 * ask the kernel anything.  What it leaves is told, and that it was confined.
 */
#include <stdbool.h>

#include "confined.h"
#include "pass.h"

static int ends[2];

static void work(const char *name)
{
	int fd = make_segment(name), memfd = make_memfd(), got;
	void *at = map_shared(memfd, SCENARIO_SIZE);

	must(munmap(at, SCENARIO_SIZE), "munmap");
	send_fds(ends[0], &memfd, 1);
	if (receive_fds(ends[1], &got, 0, NULL) != 1 || close(got) != 0)
		die("the descriptor did not come");
	must(close(memfd), "close");
	must(close(fd), "close");
}

static void confined(bool by_syscall, const char *name, const char *left)
{
	static const unsigned own[] = { SYS_open, SYS_openat, SYS_ftruncate, SYS_memfd_create, SYS_mmap, SYS_munmap,
		SYS_sendmsg, SYS_recvmsg, SYS_close, SYS_unlink, SYS_clone, SYS_wait4, SYS_write, SYS_exit_group,
		SYS_set_robust_list, SYS_rt_sigprocmask };
	struct sock_fprog *filter = filter_of(own, sizeof(own) / sizeof(own[0]));
	pid_t pid;

	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS");
	if (by_syscall ? (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, filter) :
			 prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, filter, 0, 0))
		_exit(77);
	for (int i = 0; i < 3; i++) {
		work(name);
		must(shm_unlink(name), "shm_unlink");
	}
	pid = fork();
	if (pid == 0) {
		work(name);
		must(shm_unlink(name), "shm_unlink");
		_exit(0);
	}
	must_wait(pid);
	must(close(make_segment(left)), "close");
	_exit(0);
}

int main(void)
{
	char left[2][80];
	int status;

	scenario_name("confined");
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), "socketpair");
	for (int i = 0; i < 2; i++) {
		char name[80];
		pid_t pid;

		snprintf(name, sizeof(name), "/tshm-test-confined-%d-%d", (int)getpid(), i);
		snprintf(left[i], sizeof(left[i]), "/tshm-test-confined-%d-left-%d", (int)getpid(), i);
		pid = must_fork();
		if (pid == 0)
			confined(i, name, left[i]);
		if (waitpid(pid, &status, 0) != pid)
			die("waitpid");
		if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
			skip("no filters here");
		if (status != 0)
			die("the child ended with status %d: killed for a call that is not its own?", status);
	}
	printf("EXPECT shm-leaked %s, /dev/shm%s\n", left[0], left[1]);
	printf("EXPECT history-lost confined by seccomp\n");
	printf("EXPECT unobserved not observed\n");
	return 0;
}
