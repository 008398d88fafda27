/* SPDX-License-Identifier: MIT */
#include "stop.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>

#define PATIENCE_NS 100000000

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void child_signal(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGCHLD);
}

void tshm_stop_prepare(void)
{
	sigset_t set;

	/* A stop is told by SIGCHLD, which then can be waited for with a time limit. */
	signal(SIGCHLD, SIG_DFL);
	child_signal(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

/* 0 and how it stopped, or -errno. */
static int await(pid_t tid, int *status)
{
	uint64_t until = now() + PATIENCE_NS;
	sigset_t set;

	child_signal(&set);
	for (;;) {
		pid_t got = waitpid(tid, status, __WALL | WNOHANG);
		struct timespec left = { 0 };
		uint64_t t;

		if (got == tid)
			return WIFSTOPPED(*status) ? 0 : -ESRCH;
		if (got < 0 && errno != EINTR)
			return -errno;
		t = now();
		if (t >= until)
			return -ETIMEDOUT;
		left.tv_nsec = (long)(until - t);
		sigtimedwait(&set, NULL, &left);
	}
}

#ifdef __x86_64__
#define RESTART (-514)		/* the kernel's ERESTARTNOHAND: again, but EINTR if a signal's handler runs */

/*
 * Most calls that wait go on by themselves after a stop.  These return EINTR, which a
 * program without signal handlers need not expect.
 */
static bool may_be_restarted(long call)
{
	static const long calls[] = {
		SYS_epoll_wait, SYS_epoll_pwait, SYS_semop, SYS_semtimedop, SYS_rt_sigtimedwait, SYS_io_getevents,
		SYS_read, SYS_readv, SYS_recvfrom, SYS_recvmsg, SYS_accept, SYS_accept4,	/* with SO_RCVTIMEO */
#ifdef SYS_io_pgetevents
		SYS_io_pgetevents,
#endif
#ifdef SYS_io_uring_enter
		SYS_io_uring_enter,
#endif
#ifdef SYS_epoll_pwait2
		SYS_epoll_pwait2,
#endif
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (calls[i] == call)
			return true;
	return false;
}

/* What the call returned is not yet the program's: the kernel looks at it once more when the thread goes on. */
static void restart_call(pid_t tid)
{
	long call, result;

	errno = 0;
	call = ptrace(PTRACE_PEEKUSER, tid, (void *)offsetof(struct user, regs.orig_rax), NULL);
	result = ptrace(PTRACE_PEEKUSER, tid, (void *)offsetof(struct user, regs.rax), NULL);
	if (!errno && result == -EINTR && may_be_restarted(call))
		ptrace(PTRACE_POKEUSER, tid, (void *)offsetof(struct user, regs.rax), (void *)RESTART);
}
#else
/* Elsewhere the kernel has looked before the thread stops. */
static void restart_call(pid_t tid)
{
	(void)tid;
}
#endif

int tshm_stop(pid_t tid, void (*look)(pid_t tid, void *arg), void *arg, uint64_t *held_ns)
{
	uint64_t begin;
	int status, error;
	long signal_due = 0;

	*held_ns = 0;
	if (ptrace(PTRACE_SEIZE, tid, NULL, NULL) != 0)
		return -errno;
	begin = now();
	if (ptrace(PTRACE_INTERRUPT, tid, NULL, NULL) != 0)
		return -errno;		/* it is dying */
	error = await(tid, &status);
	if (error)
		return error;
	look(tid, arg);
	if (status >> 16)
		restart_call(tid);
	else
		signal_due = WSTOPSIG(status);	/* a signal was faster: it is on its way, and goes on */
	ptrace(PTRACE_DETACH, tid, NULL, (void *)signal_due);
	*held_ns = now() - begin;
	return 0;
}
