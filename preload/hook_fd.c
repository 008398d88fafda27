/* SPDX-License-Identifier: MIT */
/* Descriptors without a name: made, duplicated, closed, changed. */
#include <errno.h>
#include <stdarg.h>
#include <sys/syscall.h>

#include "hook.h"

#define TSHM_CLOSE_RANGE_CLOEXEC 4u	/* linux/close_range.h */

TSHM_HOOK(int, dup, (int fd))
{
	struct tshm_here here = TSHM_HERE(dup);

	return tshm_note_dup(here, fd, TSHM_REAL(dup)(fd), false, false);
}

TSHM_HOOK(int, dup2, (int fd, int to))
{
	struct tshm_here here = TSHM_HERE(dup2);

	return tshm_note_dup(here, fd, TSHM_REAL(dup2)(fd, to), false, true);
}

TSHM_HOOK(int, __dup2, (int fd, int to))
{
	struct tshm_here here = TSHM_HERE(__dup2);

	return tshm_note_dup(here, fd, TSHM_REAL(__dup2)(fd, to), false, true);
}

TSHM_HOOK(int, dup3, (int fd, int to, int flags))
{
	struct tshm_here here = TSHM_HERE(dup3);

	return tshm_note_dup(here, fd, TSHM_REAL(dup3)(fd, to, flags), flags & O_CLOEXEC, true);
}

/* The argument is an int or a pointer and travels as a word. */
#define TSHM_FCNTL(name) \
	TSHM_HOOK(int, name, (int fd, int command, ...)) \
	{ \
		struct tshm_here here = TSHM_HERE(name); \
		va_list list; \
		long argument; \
\
		va_start(list, command); \
		argument = va_arg(list, long); \
		va_end(list); \
		return tshm_note_fcntl(here, fd, command, argument, TSHM_REAL(name)(fd, command, argument)); \
	}
TSHM_FCNTL(fcntl)
TSHM_FCNTL(fcntl64)
TSHM_FCNTL(__fcntl)

TSHM_HOOK_FIXED(int, ioctl, (int fd, unsigned long request, void *argument))
{
	if (TSHM_LIKELY(!tshm_ioctl_may_concern(request)))
		return TSHM_REAL(ioctl)(fd, request, argument);
	struct tshm_here here = TSHM_HERE(ioctl);

	return tshm_note_ioctl(here, fd, request, argument, TSHM_REAL(ioctl)(fd, request, argument));
}

TSHM_HOOK(int, getsockopt, (int socket, int level, int option, void *value, socklen_t *size))
{
	if (TSHM_LIKELY(level != SOL_SOCKET || option != TSHM_SO_PEERPIDFD))
		return TSHM_REAL(getsockopt)(socket, level, option, value, size);
	struct tshm_here here = TSHM_HERE(getsockopt);
	int result = TSHM_REAL(getsockopt)(socket, level, option, value, size);

	tshm_note_option(here, level, option, value, size, result);
	return result;
}

TSHM_HOOK(int, pipe, (int fds[2]))
{
	struct tshm_here here = TSHM_HERE(pipe);
	int result = TSHM_REAL(pipe)(fds);

	tshm_note_pair(here, result, fds, TSHM_KIND_PIPE, false);
	return result;
}

TSHM_HOOK(int, __pipe, (int fds[2]))
{
	struct tshm_here here = TSHM_HERE(__pipe);
	int result = TSHM_REAL(__pipe)(fds);

	tshm_note_pair(here, result, fds, TSHM_KIND_PIPE, false);
	return result;
}

TSHM_HOOK(int, pipe2, (int fds[2], int flags))
{
	struct tshm_here here = TSHM_HERE(pipe2);
	int result = TSHM_REAL(pipe2)(fds, flags);

	tshm_note_pair(here, result, fds, TSHM_KIND_PIPE, flags & O_CLOEXEC);
	return result;
}

TSHM_HOOK(int, socket, (int domain, int type, int protocol))
{
	struct tshm_here here = TSHM_HERE(socket);

	return tshm_note_open(here, TSHM_REAL(socket)(domain, type, protocol), TSHM_KIND_SOCKET,
			      type & SOCK_CLOEXEC);
}

TSHM_HOOK(int, socketpair, (int domain, int type, int protocol, int fds[2]))
{
	struct tshm_here here = TSHM_HERE(socketpair);
	int result = TSHM_REAL(socketpair)(domain, type, protocol, fds);

	tshm_note_pair(here, result, fds, TSHM_KIND_SOCKET, type & SOCK_CLOEXEC);
	return result;
}

TSHM_HOOK(int, accept, (int fd, __SOCKADDR_ARG address, socklen_t *size))
{
	struct tshm_here here = TSHM_HERE(accept);

	return tshm_note_open(here, TSHM_REAL(accept)(fd, address, size), TSHM_KIND_SOCKET, false);
}

TSHM_HOOK(int, accept4, (int fd, __SOCKADDR_ARG address, socklen_t *size, int flags))
{
	struct tshm_here here = TSHM_HERE(accept4);

	return tshm_note_open(here, TSHM_REAL(accept4)(fd, address, size, flags), TSHM_KIND_SOCKET,
			      flags & SOCK_CLOEXEC);
}

TSHM_HOOK(int, memfd_create, (const char *name, unsigned flags))
{
	struct tshm_here here = TSHM_HERE(memfd_create);

	return tshm_note_memfd(here, TSHM_REAL(memfd_create)(name, flags), name, flags & MFD_CLOEXEC);
}

TSHM_HOOK(int, eventfd, (unsigned count, int flags))
{
	struct tshm_here here = TSHM_HERE(eventfd);

	return tshm_note_open(here, TSHM_REAL(eventfd)(count, flags), TSHM_KIND_EVENTFD, flags & EFD_CLOEXEC);
}

TSHM_HOOK(int, epoll_create, (int size))
{
	struct tshm_here here = TSHM_HERE(epoll_create);

	return tshm_note_open(here, TSHM_REAL(epoll_create)(size), TSHM_KIND_EPOLL, false);
}

TSHM_HOOK(int, epoll_create1, (int flags))
{
	struct tshm_here here = TSHM_HERE(epoll_create1);

	return tshm_note_open(here, TSHM_REAL(epoll_create1)(flags), TSHM_KIND_EPOLL, flags & EPOLL_CLOEXEC);
}

TSHM_HOOK(int, timerfd_create, (clockid_t clock, int flags))
{
	struct tshm_here here = TSHM_HERE(timerfd_create);

	return tshm_note_open(here, TSHM_REAL(timerfd_create)(clock, flags), TSHM_KIND_TIMERFD,
			      flags & TFD_CLOEXEC);
}

TSHM_HOOK(int, signalfd, (int fd, const sigset_t *mask, int flags))
{
	struct tshm_here here = TSHM_HERE(signalfd);
	int result = TSHM_REAL(signalfd)(fd, mask, flags);

	/* With a descriptor given it changes that one and makes none. */
	return fd == -1 ? tshm_note_open(here, result, TSHM_KIND_SIGNALFD, flags & SFD_CLOEXEC) : result;
}

TSHM_HOOK(int, inotify_init, (void))
{
	struct tshm_here here = TSHM_HERE(inotify_init);

	return tshm_note_open(here, TSHM_REAL(inotify_init)(), TSHM_KIND_INOTIFY, false);
}

TSHM_HOOK(int, inotify_init1, (int flags))
{
	struct tshm_here here = TSHM_HERE(inotify_init1);

	return tshm_note_open(here, TSHM_REAL(inotify_init1)(flags), TSHM_KIND_INOTIFY, flags & IN_CLOEXEC);
}

TSHM_HOOK(int, pidfd_open, (pid_t pid, unsigned flags))
{
	struct tshm_here here = TSHM_HERE(pidfd_open);

	return tshm_note_pidfd(here, TSHM_REAL(pidfd_open)(pid, flags), pid);
}

TSHM_HOOK(int, pidfd_getfd, (int pidfd, int target, unsigned flags))
{
	struct tshm_here here = TSHM_HERE(pidfd_getfd);
	int fd = TSHM_REAL(pidfd_getfd)(pidfd, target, flags);

	tshm_note_fetched(here, pidfd, fd);
	return fd;
}

/* ---- closing: look before, retire after by comparison (DESIGN.md section 6, order) ---- */

TSHM_HOOK(int, close, (int fd))
{
	struct tshm_here here = TSHM_HERE(close);
	uint64_t word = tshm_fd_word(fd);
	int result = TSHM_REAL(close)(fd);

	tshm_note_close(here, fd, word, result, result < 0 ? errno : 0);
	return result;
}

TSHM_HOOK(int, __close, (int fd))
{
	struct tshm_here here = TSHM_HERE(__close);
	uint64_t word = tshm_fd_word(fd);
	int result = TSHM_REAL(__close)(fd);

	tshm_note_close(here, fd, word, result, result < 0 ? errno : 0);
	return result;
}

TSHM_HOOK(int, close_range, (unsigned first, unsigned last, int flags))
{
	struct tshm_here here = TSHM_HERE(close_range);
	uint64_t since = here.on ? tshm_close_since() : 0;
	int result = TSHM_REAL(close_range)(first, last, flags);

	if (result != 0 || !here.on)
		return result;
	if ((unsigned)flags & TSHM_CLOSE_RANGE_CLOEXEC)
		tshm_note_cloexec_range(first, last);
	else
		tshm_note_close_range(here, first, last, since);
	return result;
}

TSHM_HOOK(void, closefrom, (int first))
{
	struct tshm_here here = TSHM_HERE(closefrom);
	uint64_t since = here.on ? tshm_close_since() : 0;

	TSHM_REAL(closefrom)(first);
	tshm_note_close_range(here, first < 0 ? 0 : (unsigned)first, ~0u, since);
}
