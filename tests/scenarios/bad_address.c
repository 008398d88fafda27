/* SPDX-License-Identifier: MIT */
/*
 * Addresses that cannot be read are EFAULT, as the kernel says, and no signal; children that were waited for so
 * are reaped all the same.  `open((char *)1, O_RDONLY)` and some thirty others killed the program under tshm.
 */
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "scenario.h"

static char *bad;	/* volatile to the compiler: it comes from outside */

static void fails(const char *what, long result, int error)
{
	if (result != -1 || errno != error)
		die("%s: %ld, errno %d", what, result, errno);
}
#define FAULT(call) fails(#call, (long)(call), EFAULT)

static void paths(void)
{
	FAULT(open(bad, O_RDONLY));
	FAULT(open(bad, O_RDWR | O_CREAT, 0600));
	FAULT(openat(AT_FDCWD, bad, O_RDONLY));
	FAULT(creat(bad, 0600));
	FAULT(unlink(bad));
	FAULT(unlinkat(AT_FDCWD, bad, 0));
	FAULT(remove(bad));
	FAULT(rename(bad, "/tmp/tshm-test-nothing"));
	FAULT(rename("/dev/shm/tshm-test-nothing", bad));
	FAULT(link(bad, "/tmp/tshm-test-nothing"));
	FAULT(mknod(bad, S_IFREG | 0600, 0));
	FAULT(truncate(bad, 0));
	FAULT(syscall(SYS_openat, AT_FDCWD, bad, O_RDONLY));
	if (fopen(bad, "r") || errno != EFAULT)
		die("fopen");
}

static void structures(void)
{
	char *argv[] = { bad, NULL }, *empty[] = { NULL };
	struct msghdr message = { .msg_control = bad, .msg_controllen = 24 };
	int pair[2];

	must(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair), "socketpair");
	FAULT(sendmsg(pair[0], (struct msghdr *)bad, 0));
	FAULT(sendmsg(pair[0], &message, 0));
	FAULT(recvmsg(pair[0], (struct msghdr *)bad, MSG_DONTWAIT));
	FAULT(syscall(SYS_sendmsg, pair[0], bad, 0));
	FAULT(syscall(SYS_recvmsg, pair[0], bad, MSG_DONTWAIT));
	FAULT(bind(pair[0], (struct sockaddr *)bad, sizeof(struct sockaddr_un)));
	FAULT(execve(bad, argv, empty));
	FAULT(execveat(AT_FDCWD, bad, argv, empty, 0));
	FAULT(syscall(SYS_execve, bad, argv, empty));
	FAULT(syscall(SYS_clone3, bad, 64));
	must(close(pair[0]), "close");
	must(close(pair[1]), "close");
}

static void children(void)
{
	for (int i = 0; i < 3; i++) {
		pid_t pid = fork();

		must(pid, "fork");
		if (pid == 0)
			_exit(0);
		if (i == 0)
			FAULT(waitpid(pid, (int *)bad, 0));
		else if (i == 1)
			FAULT(wait4(pid, (int *)bad, 0, NULL));
		else
			FAULT(syscall(SYS_wait4, pid, bad, 0, NULL));
		fails("a second wait", waitpid(pid, NULL, 0), ECHILD);
	}
}

int main(void)
{
	char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *addresses[] = { (char *)1, pages + 4096, pages + 4093, (char *)-1 };

	scenario_begin();
	printf("EXPECT-NONE\n");
	if (pages == MAP_FAILED || mprotect(pages + 4096, 4096, PROT_NONE) != 0)
		die("mmap");
	memcpy(pages + 4093, "/de", 3);	/* and its end cannot be read */
	for (unsigned i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		bad = addresses[i];
		paths();
		structures();
		children();
	}
	return 0;
}
