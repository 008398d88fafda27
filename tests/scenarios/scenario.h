/* SPDX-License-Identifier: MIT */
/*
 * What every scenario needs.
 *
 * A scenario is one lifetime story.  On standard output it says what tshm must
 * report about it, one a line:
 *     EXPECT rule-id [substring of the message]
 *     EXPECT-FRAME rule-id function [function ...]
 *     EXPECT-TOTAL call acquired released
 *     EXPECT-CUDA allocated freed exported opened closed
 *     EXPECT-NO rule-id [substring of the message]
 *     EXPECT-LIVE kind count
 *     EXPECT-UNKNOWN kind count
 *     ALLOW rule-id
 *     LOOKALIKE rule-id
 *     EXPECT-NONE
 * EXPECT-FRAME names functions of one finding's stack, innermost first; others may
 * stand between.  EXPECT-TOTAL: the sums over all sites of a call.
 * EXPECT-NO: not even a note.  EXPECT-LIVE: objects that are held still; EXPECT-UNKNOWN:
 * those of them that nobody is known to have made.  LOOKALIKE: the
 * story looks like what this rule finds, and is no fault; it must not fire at all.
 * Lines that begin with # are for the driver (tests/run-scenario.sh), which
 * removes what was left on purpose.  Without tshm a scenario exits with 0, or
 * with 77 if this machine lacks what it needs.
 */
#ifndef TSHM_SCENARIO_H
#define TSHM_SCENARIO_H

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define SCENARIO_SIZE 65536	/* bytes of a test segment */

__attribute__((noreturn, format(printf, 1, 2))) static inline void die(const char *format, ...)
{
	int error = errno;
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, " (%s)\n", strerror(error));
	_exit(99);
}

__attribute__((noreturn)) static inline void skip(const char *why)
{
	fprintf(stderr, "skipped: %s\n", why);
	exit(77);
}

/* Every line goes out at once, so that neither fork nor a signal repeats or loses one. */
static inline void scenario_begin(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("# pid %d\n", (int)getpid());
}

/* "/tshm-test-STEM-PID", begins the scenario. */
static inline const char *scenario_name(const char *stem)
{
	static char name[64];

	scenario_begin();
	snprintf(name, sizeof(name), "/tshm-test-%s-%d", stem, (int)getpid());
	return name;
}

/* The same as a path. */
static inline const char *scenario_path(const char *stem)
{
	static char path[80];

	snprintf(path, sizeof(path), "/dev/shm%s", scenario_name(stem));
	return path;
}

/* A new segment with this name and of SCENARIO_SIZE bytes; returns its descriptor. */
static inline int make_segment(const char *name)
{
	int fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);

	if (fd < 0 || ftruncate(fd, SCENARIO_SIZE) != 0)
		die("shm_open %s", name);
	return fd;
}

static inline int make_memfd(void)
{
	int fd = memfd_create("tshm-test", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, SCENARIO_SIZE) != 0)
		die("memfd_create");
	return fd;
}

static inline void *map_shared(int fd, size_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		die("mmap");
	return at;
}

static inline void must(int result, const char *what)
{
	if (result < 0)
		die("%s", what);
}

static inline pid_t must_fork(void)
{
	pid_t pid = fork();

	must(pid, "fork");
	return pid;
}

/* Collect a child that must have succeeded. */
static inline void must_wait(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		die("child %d failed", (int)pid);
}

#endif
