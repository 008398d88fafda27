/* SPDX-License-Identifier: MIT */
/*
 * A server warms up and then installs a filter that kills for every system call but its
 * own, in a way that no library can see: by an instruction of its own.  It goes on to open,
 * duplicate, map and close, and to send and receive; a library that asked the kernel for
 * anything would be its death.  Each call was there before once, from the same places.
 */
#include <sys/socket.h>
#include <sys/uio.h>

#include "confined.h"

static int ends[2];

__attribute__((noinline)) static void serve(void)
{
	char byte = 'x';
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC), other = dup(fd), pipes[2];
	void *at = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(other, "open and dup");
	must(dup2(fd, other), "dup2");
	must(dup3(fd, other, O_CLOEXEC), "dup3");
	must(pipe2(pipes, O_CLOEXEC), "pipe2");
	if (at == MAP_FAILED || munmap(at, 65536) != 0)
		die("mmap");
	if (sendmsg(ends[0], &message, 0) != 1 || recvmsg(ends[1], &message, 0) != 1)
		die("messages");
	must(close(fcntl(fd, F_DUPFD_CLOEXEC, 10)), "fcntl");
	must(close(pipes[0]), "close");
	must(close(pipes[1]), "close");
	must(close(other), "close");
	must(close(fd), "close");
}

/* One loop for both, not unrolled: the second time must bring no new call stacks. */
static void confined(void)
{
	static const unsigned own[] = { SYS_open, SYS_openat, SYS_dup, SYS_dup2, SYS_dup3, SYS_pipe2, SYS_mmap,
		SYS_munmap, SYS_sendmsg, SYS_recvmsg, SYS_fcntl, SYS_close, SYS_exit_group };
	static volatile int phases = 2, rounds[] = { 2, 1000 };
	struct sock_fprog *filter = filter_of(own, sizeof(own) / sizeof(own[0]));

	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS");
	for (int phase = 0; phase < phases; phase++) {
		for (int i = 0; i < rounds[phase]; i++)
			serve();
		if (phase == 0 && bare_call(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, (long)filter, 0, 0) != 0)
			bare_call(SYS_exit_group, 77, 0, 0, 0, 0);
	}
	bare_call(SYS_exit_group, 0, 0, 0, 0, 0);
}

int main(void)
{
	int status;
	pid_t pid;

	scenario_begin();
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), "socketpair");
	pid = must_fork();
	if (pid == 0)
		confined();
	if (waitpid(pid, &status, 0) != pid)
		die("waitpid");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip("no filters here");
	if (status != 0)
		die("the child was killed by signal %d: a call that is not its own", WTERMSIG(status));
	must(close(ends[0]), "close");
	must(close(ends[1]), "close");
	printf("EXPECT-TOTAL dup3 1002 1002\nEXPECT-NONE\n");
	return 0;
}
