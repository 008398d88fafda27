/* SPDX-License-Identifier: MIT */
/*
 * syscall(2): Node closes its descriptors by syscall(SYS_close), PyTorch fetches them
 * by syscall(SYS_pidfd_getfd).  Calls that touch nothing we keep pass with one switch.
 */
#include <errno.h>
#include <stdarg.h>
#include <sys/prctl.h>

#include "confine.h"
#include "hook.h"
#include "sys.h"

typedef long tshm_syscall(long, long, long, long, long, long, long);

static long tshm_syscall_close(struct tshm_here here, tshm_syscall *real, long fd)
{
	uint64_t word = tshm_fd_word((int)fd);
	long result = real(SYS_close, fd, 0, 0, 0, 0, 0);

	tshm_note_close(here, (int)fd, word, (int)result, result < 0 ? errno : 0);
	return result;
}

static long tshm_syscall_close_range(struct tshm_here here, tshm_syscall *real, const long a[6])
{
	uint64_t since = here.on ? tshm_close_since() : 0;
	long result = real(SYS_close_range, a[0], a[1], a[2], 0, 0, 0);

	if (result != 0 || !here.on)
		return result;
	if (a[2] & 4 /* CLOSE_RANGE_CLOEXEC */)
		tshm_note_cloexec_range((unsigned)a[0], (unsigned)a[1]);
	else
		tshm_note_close_range(here, (unsigned)a[0], (unsigned)a[1], since);
	return result;
}

static long tshm_syscall_open(struct tshm_here here, tshm_syscall *real, long number, const long a[6])
{
	int flags = number == SYS_openat2 ? (int)tshm_flags_of(a[2], (unsigned long)a[3], TSHM_OPEN_HOW_LEAST) : (int)a[2];
	const char *path = (const char *)a[1];
	struct tshm_opening o;

#ifdef SYS_open
	if (number == SYS_open || number == SYS_creat) {
		flags = number == SYS_open ? (int)a[1] : O_CREAT | O_WRONLY | O_TRUNC;
		path = (const char *)a[0];
	}
#endif
	tshm_opening_begin(&o, here, path, flags);
	return tshm_opening_end(&o, (int)real(number, a[0], a[1], a[2], a[3], a[4], a[5]));
}

/*
 * A child that shares our memory returns through this frame, and its parent once more after it, as
 * through libc's: who calls so takes care of the stack.  So must we: a call that the child made
 * here would lie on the parent's way back.
 */
static long tshm_syscall_clone(struct tshm_here here, tshm_syscall *real, long number, const long a[6])
{
	uint64_t flags = number == SYS_clone ? (uint64_t)a[0] : 0;
	long result;

	if (number == SYS_clone3)
		flags = tshm_flags_of(a[0], (unsigned long)a[1], TSHM_CLONE_ARGS_LEAST);
#ifdef SYS_vfork
	if (number == SYS_vfork)
		flags = CLONE_VM | CLONE_VFORK;
#endif
	tshm_cloning(here, flags);
	result = real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	return result ? tshm_note_cloned(here, flags, result) : 0;
}

/* mmap, munmap and mremap. */
static long tshm_syscall_map(struct tshm_here here, tshm_syscall *real, long number, const long a[6])
{
	uint64_t before = number != SYS_munmap || tshm_range_any() ? tshm_range_sequence() : 0;
	long result = real(number, a[0], a[1], a[2], a[3], a[4], a[5]);

	if (number == SYS_mmap)
		tshm_note_map(here, (void *)result, (size_t)a[1], (int)a[2], (int)a[3], (int)a[4], (uint64_t)a[5],
			      before);
	else if (number == SYS_mremap)
		tshm_note_remap(here, (void *)a[0], (size_t)a[1], (void *)result, (size_t)a[2], (int)a[3],
				(void *)(a[3] & MREMAP_FIXED ? a[4] : 0), before);
	else if (result == 0 && before)
		tshm_range_drop((uintptr_t)a[0], (size_t)a[1], before);
	return result;
}

static long tshm_syscall_sendmsg(struct tshm_here here, tshm_syscall *real, const long a[6])
{
	const struct msghdr *message = (const struct msghdr *)a[1];
	struct tshm_sending sending = { .count = 0 };
	long result;

	if (tshm_readable(message, sizeof(*message)) && message->msg_controllen && message->msg_control)
		tshm_sending_look(&sending, message);
	result = real(SYS_sendmsg, a[0], a[1], a[2], 0, 0, 0);
	if (result >= 0)
		tshm_note_sent(here, (int)a[0], &sending);
	return result;
}

static long tshm_syscall_recvmsg(struct tshm_here here, tshm_syscall *real, const long a[6])
{
	const struct msghdr *message = (const struct msghdr *)a[1];
	size_t room = tshm_readable(message, sizeof(*message)) ? message->msg_controllen : 0;
	long result = real(SYS_recvmsg, a[0], a[1], a[2], 0, 0, 0);

	if (result >= 0)
		tshm_note_received(here, (int)a[0], message, room, (int)a[2]);
	return result;
}

static long tshm_syscall_exec(struct tshm_here here, tshm_syscall *real, long number, const long a[6])
{
	tshm_exec_begin(here, (const char *)(number == SYS_execve ? a[0] : a[1]));
	return tshm_exec_failed(here, (int)real(number, a[0], a[1], a[2], a[3], a[4], a[5]));
}

static long tshm_syscall_wait4(struct tshm_here here, tshm_syscall *real, const long a[6])
{
	int mine = 0, *status = a[1] ? (int *)a[1] : &mine;
	long pid = real(SYS_wait4, a[0], (long)status, a[2], a[3], 0, 0);

	return tshm_note_waited(here, (int)pid, pid > 0 ? *status : 0);
}

static long tshm_syscall_waitid(struct tshm_here here, tshm_syscall *real, const long a[6])
{
	siginfo_t mine = { 0 }, *info = a[2] ? (siginfo_t *)a[2] : &mine;
	long result = real(SYS_waitid, a[0], a[1], (long)info, a[3], a[4], 0);

	tshm_note_waited_by(here, info, (int)a[3], (int)result);
	return result;
}

/* Commands of bpf(2) that return descriptors (linux/bpf.h). */
static bool tshm_bpf_makes(long command)
{
	switch (command) {
	case 0: case 5: case 7:		/* MAP_CREATE, PROG_LOAD, OBJ_GET */
	case 13: case 14: case 17:	/* PROG_, MAP_GET_FD_BY_ID, RAW_TRACEPOINT_OPEN */
	case 18: case 19: case 28:	/* BTF_LOAD, BTF_GET_FD_BY_ID, LINK_CREATE */
	case 30: case 32: case 33:	/* LINK_GET_FD_BY_ID, ENABLE_STATS, ITER_CREATE */
		return true;
	}
	return false;
}

static long tshm_syscall_confine(struct tshm_here here, tshm_syscall *real, long number, const long a[6])
{
	bool listens = number == SYS_seccomp && (a[1] & 8 /* SECCOMP_FILTER_FLAG_NEW_LISTENER */);
	bool confines = number == SYS_seccomp ? a[0] <= 1 /* SECCOMP_SET_MODE_FILTER */ : a[0] == PR_SET_SECCOMP;
	long result;

	if (confines)
		tshm_confine();
	result = real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (!confines)
		return result;
	if (result < 0 || (result > 0 && !listens))	/* above 0: the thread that could not be */
		tshm_confine_withdraw();
	else if (listens)
		tshm_note_open(here, (int)result, TSHM_KIND_DESCRIPTOR, true);
	return result;
}

/* What a call that makes one descriptor makes, and how close-on-exec is asked for. */
static bool tshm_syscall_kind(long number, const long a[6], enum tshm_kind *kind, bool *cloexec)
{
	*kind = TSHM_KIND_DESCRIPTOR;
	*cloexec = false;
	switch (number) {
	case SYS_socket: *kind = TSHM_KIND_SOCKET; *cloexec = a[1] & SOCK_CLOEXEC; return true;
	case SYS_accept: *kind = TSHM_KIND_SOCKET; return true;
	case SYS_accept4: *kind = TSHM_KIND_SOCKET; *cloexec = a[3] & SOCK_CLOEXEC; return true;
	case SYS_eventfd2: *kind = TSHM_KIND_EVENTFD; *cloexec = a[1] & O_CLOEXEC; return true;
	case SYS_epoll_create1: *kind = TSHM_KIND_EPOLL; *cloexec = a[0] & O_CLOEXEC; return true;
	case SYS_timerfd_create: *kind = TSHM_KIND_TIMERFD; *cloexec = a[1] & O_CLOEXEC; return true;
	case SYS_signalfd4: *kind = TSHM_KIND_SIGNALFD; *cloexec = a[3] & O_CLOEXEC; return (int)a[0] == -1;
	case SYS_inotify_init1: *kind = TSHM_KIND_INOTIFY; *cloexec = a[0] & O_CLOEXEC; return true;
#ifdef SYS_eventfd
	case SYS_eventfd: *kind = TSHM_KIND_EVENTFD; return true;
	case SYS_epoll_create: *kind = TSHM_KIND_EPOLL; return true;
	case SYS_signalfd: *kind = TSHM_KIND_SIGNALFD; return (int)a[0] == -1;
	case SYS_inotify_init: *kind = TSHM_KIND_INOTIFY; return true;
#endif
	case SYS_fanotify_init: case SYS_fsopen: *cloexec = a[number == SYS_fsopen] & 1; return true;
	case SYS_fsmount: *kind = TSHM_KIND_DIRECTORY; *cloexec = a[1] & 1; return true;
	case SYS_fspick: *cloexec = a[2] & 1; return true;
	case SYS_userfaultfd: *cloexec = a[0] & O_CLOEXEC; return true;
	case SYS_perf_event_open: *cloexec = a[4] & 8; return true;
	case SYS_io_uring_setup: *cloexec = true; return true;
	case SYS_bpf: *cloexec = true; return tshm_bpf_makes(a[0]);
	case SYS_landlock_create_ruleset: *cloexec = true; return !(a[2] & 1 /* asks for the version */);
	case SYS_memfd_secret: *kind = TSHM_KIND_MEMFD; *cloexec = a[0] & O_CLOEXEC; return true;
	}
	return false;
}

/* Calls that are noted by what they returned. */
static long tshm_syscall_done(struct tshm_here here, long number, const long a[6], long result)
{
	enum tshm_kind kind;
	bool cloexec;

	switch (number) {
	case SYS_dup: return tshm_note_dup(here, (int)a[0], (int)result, false, false);
	case SYS_dup3: return tshm_note_dup(here, (int)a[0], (int)result, a[2] & O_CLOEXEC, true);
#ifdef SYS_dup2
	case SYS_dup2: return tshm_note_dup(here, (int)a[0], (int)result, false, true);
	case SYS_pipe: tshm_note_pair(here, (int)result, (const int *)a[0], TSHM_KIND_PIPE, false); return result;
#endif
	case SYS_fcntl: tshm_note_fcntl(here, (int)a[0], (int)a[1], a[2], (int)result); return result;
	case SYS_pipe2:
		tshm_note_pair(here, (int)result, (const int *)a[0], TSHM_KIND_PIPE, a[1] & O_CLOEXEC);
		return result;
	case SYS_socketpair:
		tshm_note_pair(here, (int)result, (const int *)a[3], TSHM_KIND_SOCKET, a[1] & SOCK_CLOEXEC);
		return result;
	case SYS_memfd_create: return tshm_note_memfd(here, (int)result, (const char *)a[0], a[1] & MFD_CLOEXEC);
	case SYS_pidfd_open: return tshm_note_pidfd(here, (int)result, (int)a[0]);
	case SYS_pidfd_getfd: tshm_note_fetched(here, (int)a[0], (int)result); return result;
	case SYS_open_by_handle_at: case SYS_open_tree: return tshm_note_looked_at(here, (int)result, TSHM_KIND_FILE);
	case SYS_ftruncate:
		tshm_note_size(here, (int)a[0], (int)result, result ? errno : 0, (uint64_t)a[1]);
		return result;
	case SYS_sendmmsg: tshm_note_sent_all(here, (int)a[0], (const struct mmsghdr *)a[1], (int)result); return result;
	case SYS_recvmmsg:
		tshm_note_received_all(here, (int)a[0], (const struct mmsghdr *)a[1], (int)result, (int)a[3]);
		return result;
	case SYS_getsockopt:
		tshm_note_option(here, (int)a[1], (int)a[2], (const void *)a[3], (const socklen_t *)a[4], (int)result);
		return result;
	case SYS_ioctl:
		return tshm_ioctl_may_concern((unsigned long)a[1]) ?
		       tshm_note_ioctl(here, (int)a[0], (unsigned long)a[1], (void *)a[2], (int)result) : result;
	case SYS_fallocate: tshm_note_size_now(here, (int)a[0], result ? errno : 0); return result;
	}
	if (tshm_syscall_kind(number, a, &kind, &cloexec))
		tshm_note_open(here, (int)result, kind, cloexec);
	return result;
}

/* What is to be done about each number; nothing about most (futex, gettid ...), which pass with one look. */
enum tshm_syscall_way {
	TSHM_WAY_NONE, TSHM_WAY_DONE, TSHM_WAY_CLOSE, TSHM_WAY_CLOSE_RANGE, TSHM_WAY_OPEN, TSHM_WAY_CLONE, TSHM_WAY_MAP,
	TSHM_WAY_SENDMSG, TSHM_WAY_RECVMSG, TSHM_WAY_EXEC, TSHM_WAY_WAIT4, TSHM_WAY_WAITID, TSHM_WAY_LEAVE, TSHM_WAY_CONFINE
};
#define DONE TSHM_WAY_DONE	/* tshm_syscall_done() */
static const uint8_t tshm_syscall_ways[512] = {
#ifdef SYS_open
	[SYS_open] = TSHM_WAY_OPEN, [SYS_creat] = TSHM_WAY_OPEN, [SYS_fork] = TSHM_WAY_CLONE, [SYS_vfork] = TSHM_WAY_CLONE,
	[SYS_dup2] = DONE, [SYS_pipe] = DONE, [SYS_eventfd] = DONE, [SYS_epoll_create] = DONE, [SYS_signalfd] = DONE,
	[SYS_inotify_init] = DONE,
#endif
	[SYS_close] = TSHM_WAY_CLOSE, [SYS_close_range] = TSHM_WAY_CLOSE_RANGE,
	[SYS_openat] = TSHM_WAY_OPEN, [SYS_openat2] = TSHM_WAY_OPEN,
	[SYS_clone] = TSHM_WAY_CLONE, [SYS_clone3] = TSHM_WAY_CLONE,
	[SYS_mmap] = TSHM_WAY_MAP, [SYS_munmap] = TSHM_WAY_MAP, [SYS_mremap] = TSHM_WAY_MAP,
	[SYS_sendmsg] = TSHM_WAY_SENDMSG, [SYS_recvmsg] = TSHM_WAY_RECVMSG,
	[SYS_sendmmsg] = DONE, [SYS_recvmmsg] = DONE, [SYS_getsockopt] = DONE, [SYS_ioctl] = DONE,
	[SYS_execve] = TSHM_WAY_EXEC, [SYS_execveat] = TSHM_WAY_EXEC,
	[SYS_wait4] = TSHM_WAY_WAIT4, [SYS_waitid] = TSHM_WAY_WAITID, [SYS_exit_group] = TSHM_WAY_LEAVE,
	[SYS_dup] = DONE, [SYS_dup3] = DONE, [SYS_fcntl] = DONE, [SYS_pipe2] = DONE, [SYS_socketpair] = DONE,
	[SYS_memfd_create] = DONE, [SYS_pidfd_open] = DONE, [SYS_pidfd_getfd] = DONE, [SYS_open_by_handle_at] = DONE,
	[SYS_open_tree] = DONE, [SYS_ftruncate] = DONE, [SYS_fallocate] = DONE, [SYS_socket] = DONE, [SYS_accept] = DONE,
	[SYS_accept4] = DONE, [SYS_eventfd2] = DONE, [SYS_epoll_create1] = DONE, [SYS_timerfd_create] = DONE,
	[SYS_signalfd4] = DONE, [SYS_inotify_init1] = DONE, [SYS_fanotify_init] = DONE, [SYS_fsopen] = DONE,
	[SYS_fsmount] = DONE, [SYS_fspick] = DONE, [SYS_userfaultfd] = DONE, [SYS_perf_event_open] = DONE,
	[SYS_io_uring_setup] = DONE, [SYS_bpf] = DONE, [SYS_landlock_create_ruleset] = DONE,
	[SYS_memfd_secret] = DONE, [SYS_seccomp] = TSHM_WAY_CONFINE, [SYS_prctl] = TSHM_WAY_CONFINE,
};
#undef DONE

static long tshm_syscall_noted(struct tshm_here here, tshm_syscall *real, unsigned way, long number, const long a[6])
{
	switch (way) {
	case TSHM_WAY_CLOSE_RANGE: return tshm_syscall_close_range(here, real, a);
	case TSHM_WAY_OPEN: return tshm_syscall_open(here, real, number, a);
	case TSHM_WAY_CLONE: return tshm_syscall_clone(here, real, number, a);
	case TSHM_WAY_MAP: return tshm_syscall_map(here, real, number, a);
	case TSHM_WAY_SENDMSG: return tshm_syscall_sendmsg(here, real, a);
	case TSHM_WAY_RECVMSG: return tshm_syscall_recvmsg(here, real, a);
	case TSHM_WAY_EXEC: return tshm_syscall_exec(here, real, number, a);
	case TSHM_WAY_WAIT4: return tshm_syscall_wait4(here, real, a);
	case TSHM_WAY_WAITID: return tshm_syscall_waitid(here, real, a);
	case TSHM_WAY_CONFINE: return tshm_syscall_confine(here, real, number, a);
	case TSHM_WAY_LEAVE: tshm_image_end(TSHM_ENDED_EXIT, (int)a[0] & 255, NULL); break;
	}
	return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

TSHM_HOOK_FIXED(long, syscall, (long number, long a0, long a1, long a2, long a3, long a4, long a5))
{
	unsigned way = (unsigned long)number < sizeof(tshm_syscall_ways) ? tshm_syscall_ways[number] : TSHM_WAY_NONE;
	tshm_syscall *real = (tshm_syscall *)tshm_real.syscall;
	struct tshm_here here = TSHM_HERE_OF(TSHM_CALL_syscall, way && tshm_on());
	const long a[6] = { a0, a1, a2, a3, a4, a5 };

	if (way == TSHM_WAY_CLOSE)
		return tshm_syscall_close(here, real, a0);
	if (way == TSHM_WAY_EXEC && !here.on)	/* in a child of vfork: what it executes is the parent's to note */
		return tshm_syscall_exec(here, real, number, a);
	if (!here.on)
		return real(number, a0, a1, a2, a3, a4, a5);
	if (way == TSHM_WAY_DONE)
		return tshm_syscall_done(here, number, a, real(number, a0, a1, a2, a3, a4, a5));
	return tshm_syscall_noted(here, real, way, number, a);
}

/* The old entry of seccomp(2). */
TSHM_HOOK(int, prctl, (int option, ...))
{
	unsigned long a[4];
	bool confines;
	va_list list;
	int result;

	va_start(list, option);
	for (int i = 0; i < 4; i++)
		a[i] = va_arg(list, unsigned long);
	va_end(list);
	confines = option == PR_SET_SECCOMP && tshm_on();	/* not in a vfork child: the memory is its parent's */
	if (confines)
		tshm_confine();
	result = TSHM_REAL(prctl)(option, a[0], a[1], a[2], a[3]);
	if (confines && result != 0)
		tshm_confine_withdraw();
	return result;
}
