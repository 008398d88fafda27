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

#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif

typedef long tshm_syscall(long, long, long, long, long, long, long);

static long tshm_syscall_close(struct tshm_here here, tshm_syscall *real, const long a[6])
{
	uint64_t word = tshm_fd_word((int)a[0]);
	long result = real(SYS_close, a[0], 0, 0, 0, 0, 0);

	tshm_note_close(here, (int)a[0], word, (int)result, result < 0 ? errno : 0);
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

static long tshm_syscall_openat(struct tshm_here here, tshm_syscall *real, long number, const long a[6])
{
	/* struct open_how begins with its flags, 64 bits (openat2(2)). */
	int flags = number == SYS_openat2 ? (int)*(const uint64_t *)a[2] : (int)a[2];
	struct tshm_opening o;

	tshm_opening_begin(&o, here, (int)a[0], (const char *)a[1], flags);
	return tshm_opening_end(&o, (int)real(number, a[0], a[1], a[2], a[3], a[4], a[5]));
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
	switch (number) {
	case SYS_socket: *kind = TSHM_KIND_SOCKET; *cloexec = a[1] & SOCK_CLOEXEC; return true;
	case SYS_accept4: *kind = TSHM_KIND_SOCKET; *cloexec = a[3] & SOCK_CLOEXEC; return true;
	case SYS_eventfd2: *kind = TSHM_KIND_EVENTFD; *cloexec = a[1] & O_CLOEXEC; return true;
	case SYS_epoll_create1: *kind = TSHM_KIND_EPOLL; *cloexec = a[0] & O_CLOEXEC; return true;
	case SYS_timerfd_create: *kind = TSHM_KIND_TIMERFD; *cloexec = a[1] & O_CLOEXEC; return true;
	case SYS_inotify_init1: *kind = TSHM_KIND_INOTIFY; *cloexec = a[0] & O_CLOEXEC; return true;
	case SYS_userfaultfd: *kind = TSHM_KIND_DESCRIPTOR; *cloexec = a[0] & O_CLOEXEC; return true;
	case SYS_perf_event_open: *kind = TSHM_KIND_DESCRIPTOR; *cloexec = a[4] & 8; return true;
	case SYS_io_uring_setup: *kind = TSHM_KIND_DESCRIPTOR; *cloexec = true; return true;
	case SYS_memfd_secret: *kind = TSHM_KIND_MEMFD; *cloexec = a[0] & O_CLOEXEC; return true;
	}
	return false;
}

TSHM_HOOK(long, syscall, (long number, ...))
{
	tshm_syscall *real = (tshm_syscall *)tshm_real.syscall;
	struct tshm_here here = TSHM_HERE(syscall);
	enum tshm_kind kind;
	bool cloexec;
	va_list list;
	long a[6], result;

	va_start(list, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(list, long);
	va_end(list);
	if (here.on) {
		switch (number) {
		case SYS_close:
			return tshm_syscall_close(here, real, a);
		case SYS_close_range:
			return tshm_syscall_close_range(here, real, a);
		case SYS_openat:
		case SYS_openat2:
			return tshm_syscall_openat(here, real, number, a);
		case SYS_seccomp:
		case SYS_prctl:
			return tshm_syscall_confine(here, real, number, a);
		case SYS_clone:
		case SYS_clone3:
			tshm_cloned = true;
			break;
		case SYS_exit_group:
			tshm_image_end(TSHM_ENDED_EXIT, (int)a[0] & 255, NULL);
			break;
		}
	}
	result = real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (!here.on)
		return result;
	switch (number) {
	case SYS_dup:
		return tshm_note_dup(here, (int)a[0], (int)result, false, false);
	case SYS_dup3:
		return tshm_note_dup(here, (int)a[0], (int)result, a[2] & O_CLOEXEC, true);
	case SYS_pipe2:
		tshm_note_pair(here, (int)result, (const int *)a[0], TSHM_KIND_PIPE, a[1] & O_CLOEXEC);
		return result;
	case SYS_memfd_create:
		return tshm_note_memfd(here, (int)result, (const char *)a[0], a[1] & MFD_CLOEXEC);
	case SYS_pidfd_open:
		return tshm_note_pidfd(here, (int)result, (int)a[0]);
	case SYS_pidfd_getfd:
		tshm_note_fetched(here, (int)a[0], (int)result);
		return result;
	}
	if (tshm_syscall_kind(number, a, &kind, &cloexec))
		tshm_note_open(here, (int)result, kind, cloexec);
	return result;
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
