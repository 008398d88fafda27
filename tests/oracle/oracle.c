/* SPDX-License-Identifier: MIT */
/*
 * The places to look from: hooks of what programs call often and from everywhere, and,
 * with ORACLE_TICK=MICROSECONDS, a profiling timer, which interrupts at any instruction.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include "oracle.h"

#define EXPORT __attribute__((visibility("default")))

static unsigned malloc_every = 1;
static long tick;

void *__libc_malloc(size_t);

/* The real function, bound when it is first called. */
#define REAL(name) \
	static __typeof__(&name) real; \
	if (!real) \
		real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

#define HOOK(type, name, parameters, arguments) \
	EXPORT type name parameters \
	{ \
		REAL(name); \
		oracle_look(TSHM_HERE_OF(0, true)); \
		return real arguments; \
	}

#define HOOK_OPEN(name, parameters, last, arguments) \
	EXPORT int name parameters \
	{ \
		REAL(name); \
		va_list ap; \
		va_start(ap, last); \
		int mode = va_arg(ap, int); \
		va_end(ap); \
		oracle_look(TSHM_HERE_OF(0, true)); \
		return real arguments; \
	}

HOOK_OPEN(open, (const char *path, int flags, ...), flags, (path, flags, mode))
HOOK_OPEN(open64, (const char *path, int flags, ...), flags, (path, flags, mode))
HOOK_OPEN(openat, (int at, const char *path, int flags, ...), flags, (at, path, flags, mode))
HOOK_OPEN(openat64, (int at, const char *path, int flags, ...), flags, (at, path, flags, mode))
HOOK(int, close, (int fd), (fd))
HOOK(ssize_t, read, (int fd, void *to, size_t size), (fd, to, size))
HOOK(ssize_t, write, (int fd, const void *from, size_t size), (fd, from, size))
HOOK(FILE *, fopen, (const char *path, const char *mode), (path, mode))
HOOK(FILE *, fopen64, (const char *path, const char *mode), (path, mode))
HOOK(int, fclose, (FILE *stream), (stream))
HOOK(void *, mmap, (void *at, size_t size, int prot, int flags, int fd, off_t offset),
     (at, size, prot, flags, fd, offset))
HOOK(void *, mmap64, (void *at, size_t size, int prot, int flags, int fd, off64_t offset),
     (at, size, prot, flags, fd, offset))
HOOK(int, munmap, (void *at, size_t size), (at, size))
HOOK(char *, getenv, (const char *name), (name))

/* dlsym may allocate: until it has answered, libc's. */
EXPORT void *malloc(size_t size)
{
	static _Atomic(__typeof__(&malloc)) real;
	static atomic_bool asked;
	static _Atomic unsigned calls;

	if (!real) {
		if (atomic_exchange(&asked, true))
			return __libc_malloc(size);
		real = (__typeof__(&malloc))dlsym(RTLD_NEXT, "malloc");
	}
	if (atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed) % malloc_every == 0)
		oracle_look(TSHM_HERE_OF(0, true));
	return real(size);
}

/* ---- ticks ---- */

static void on_tick(int signal)
{
	(void)signal;
	oracle_look(TSHM_HERE_OF(0, true));
}

static void set_tick(long microseconds)
{
	struct itimerval timer = { { 0, microseconds }, { 0, microseconds } };
	struct sigaction action = { .sa_handler = on_tick, .sa_flags = SA_RESTART | SA_ONSTACK };

	if (microseconds)
		sigaction(SIGPROF, &action, NULL);
	setitimer(ITIMER_PROF, &timer, NULL);
}

/* ---- an image's end ---- */

/* A timer survives exec, its handler does not: it would kill the next image. */
#define HOOK_EXEC(name, parameters, arguments) \
	EXPORT int name parameters \
	{ \
		REAL(name); \
		if (tick) \
			set_tick(0); \
		oracle_write(); \
		int result = real arguments; \
		if (tick) \
			set_tick(tick); \
		return result; \
	}

HOOK_EXEC(execve, (const char *path, char *const argv[], char *const envp[]), (path, argv, envp))
HOOK_EXEC(execv, (const char *path, char *const argv[]), (path, argv))
HOOK_EXEC(execvp, (const char *path, char *const argv[]), (path, argv))
HOOK_EXEC(execvpe, (const char *path, char *const argv[], char *const envp[]), (path, argv, envp))

#define HOOK_EXIT(name) \
	EXPORT _Noreturn void name(int status) \
	{ \
		REAL(name); \
		oracle_write(); \
		real(status); \
		__builtin_unreachable(); \
	}

HOOK_EXIT(_exit)
HOOK_EXIT(_Exit)

static __attribute__((destructor)) void end(void)
{
	if (tick)
		set_tick(0);
	oracle_write();
}

static void forked(void)
{
	oracle_forget();
	if (tick)
		set_tick(tick);
}

static __attribute__((constructor)) void start(void)
{
	const char *every = getenv("ORACLE_EVERY"), *ticks = getenv("ORACLE_TICK");

	if (every && atoi(every) > 0)
		malloc_every = (unsigned)atoi(every);
	if (oracle_start() < 0)
		return;
	pthread_atfork(NULL, NULL, forked);
	tick = ticks ? atol(ticks) : 0;
	if (tick)
		set_tick(tick);
}
