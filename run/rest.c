/* SPDX-License-Identifier: MIT */
/*
 * What the command left running.
 *
 * An observed descendant is a process that maps a ledger of this run; a ledger's
 * name is a random token, so it is known in /proc/PID/maps whatever the path there.
 * Where to look the ledgers say themselves: their own pids, and the children that
 * they started and did not collect.  Only if some are of another pid namespace,
 * every process is looked at.
 *
 * A child that was just forked or executes a program has no ledger for a moment; so
 * one that a ledger names and that maps none is given that moment ("limbo").
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../ledger/ledger.h"
#include "run.h"

#define LIMBO 0.1	/* seconds; a start under load took 20 ms */
#define TOKEN 32
#define CHILDREN_MAX (1u << 16)

struct holder { pid_t pid; int pidfd; };	/* pidfd -1: this kernel has none */

struct search {
	pid_t *pids;		/* whom to look at */
	size_t pid_count;
	bool foreign;		/* a ledger's pids are not of our namespace */
	struct holder *holders;
	size_t count;
	bool limbo;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void add_pid(struct search *s, pid_t pid)
{
	if (pid <= 0 || pid == getpid())
		return;
	s->pids = tshm_grow(s->pids, s->pid_count, sizeof(*s->pids));
	s->pids[s->pid_count++] = pid;
}

static void add_children(struct search *s, int fd, const struct tshm_section *section)
{
	uint32_t used = section->used < CHILDREN_MAX ? section->used : CHILDREN_MAX;
	struct tshm_child c;

	if (section->record_size != sizeof(c))
		return;
	for (uint32_t i = 1; i < used; i++)
		if (pread(fd, &c, sizeof(c), (off_t)tshm_ledger_offset(section, i)) == sizeof(c) &&
		    TSHM_STAMP_STATE(c.stamp) == TSHM_STATE_LIVE)
			add_pid(s, c.pid);
}

static void add_ledger(struct search *s, const struct tshm_job *job, const char *name)
{
	int fd = openat(job->dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct tshm_header h;

	if (fd < 0)
		return;
	if (pread(fd, &h, sizeof(h), 0) == sizeof(h) && !memcmp(h.magic, TSHM_LEDGER_MAGIC, sizeof(h.magic)) &&
	    h.version == TSHM_LEDGER_VERSION && h.byte_order == TSHM_LEDGER_BYTE_ORDER) {
		if (h.pidns == job->pidns) {
			add_pid(s, h.pid);
			add_children(s, fd, &h.sections[TSHM_SEC_CHILDREN]);
		} else {
			s->foreign = true;
		}
	}
	close(fd);
}

static bool is_ledger(const char *name)
{
	return strspn(name, "0123456789abcdef") == TOKEN &&
	       !strncmp(name + TOKEN, TSHM_LEDGER_SUFFIX, sizeof(TSHM_LEDGER_SUFFIX) - 1);
}

static int by_pid(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return x < y ? -1 : x > y;
}

static void list_pids(struct search *s, const struct tshm_job *job)
{
	DIR *d = opendir(job->dir);
	const struct dirent *e;
	size_t kept = 0;

	while (d && (e = readdir(d)))
		if (is_ledger(e->d_name))
			add_ledger(s, job, e->d_name);
	if (d)
		closedir(d);
	if (s->pid_count)
		qsort(s->pids, s->pid_count, sizeof(*s->pids), by_pid);
	for (size_t i = 0; i < s->pid_count; i++)
		if (!i || s->pids[i] != s->pids[i - 1])
			s->pids[kept++] = s->pids[i];
	s->pid_count = kept;
}

/* Does a line of maps end in a ledger of this run?  "(deleted)" may follow. */
static bool maps_ledger(const struct tshm_job *job, const char *line)
{
	const char *base = strrchr(line, '/');
	char name[TOKEN + sizeof(TSHM_LEDGER_SUFFIX)];

	if (!base || !is_ledger(base + 1))
		return false;
	memcpy(name, base + 1, sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	return faccessat(job->dir_fd, name, F_OK, 0) == 0;
}

static FILE *open_proc(pid_t pid, const char *file)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	return fopen(path, "re");
}

static bool is_zombie(pid_t pid)
{
	FILE *f = open_proc(pid, "stat");
	char text[512] = "", *end;

	if (f) {
		text[fread(text, 1, sizeof(text) - 1, f)] = 0;
		fclose(f);
	}
	end = strrchr(text, ')');
	return !end || end[1] != ' ' || strchr("ZX", end[2]);
}

enum look { GONE, HOLDS, WITHOUT };

static enum look look_at(const struct tshm_job *job, pid_t pid)
{
	FILE *f = open_proc(pid, "maps");
	char *line = NULL;
	size_t room = 0;
	enum look found = WITHOUT;

	if (!f)
		return GONE;
	while (found == WITHOUT && getline(&line, &room, f) > 0)
		if (maps_ledger(job, line))
			found = HOLDS;
	free(line);
	fclose(f);
	return found == WITHOUT && is_zombie(pid) ? GONE : found;
}

static void examine(struct search *s, const struct tshm_job *job, pid_t pid, bool named)
{
	/* First the pidfd: if the ledger is seen after that, both are of one process. */
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	enum look found = pidfd < 0 && errno == ESRCH ? GONE : look_at(job, pid);

	if (found == HOLDS) {
		s->holders = tshm_grow(s->holders, s->count, sizeof(*s->holders));
		s->holders[s->count++] = (struct holder){ pid, pidfd };
		return;
	}
	s->limbo = s->limbo || (found == WITHOUT && named);
	if (pidfd >= 0)
		close(pidfd);
}

static void examine_all(struct search *s, const struct tshm_job *job)
{
	DIR *d = opendir("/proc");
	const struct dirent *e;

	while (d && (e = readdir(d))) {
		pid_t pid = (pid_t)atoi(e->d_name);

		if (pid > 0 && pid != getpid() && !bsearch(&pid, s->pids, s->pid_count, sizeof(pid), by_pid))
			examine(s, job, pid, false);
	}
	if (d)
		closedir(d);
}

static void forget(struct search *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->holders[i].pidfd >= 0)
			close(s->holders[i].pidfd);
	free(s->holders);
	free(s->pids);
	memset(s, 0, sizeof(*s));
}

static void search(struct search *s, const struct tshm_job *job)
{
	forget(s);
	list_pids(s, job);
	for (size_t i = 0; i < s->pid_count; i++)
		examine(s, job, s->pids[i], true);
	if (s->foreign)
		examine_all(s, job);
}

/* Until all found have gone or time is up.  False: somebody asked us to end. */
static bool sleep_on(struct search *s, const struct tshm_signals *signals, double until, double step)
{
	struct pollfd *p = calloc(s->count + 1, sizeof(*p));
	size_t left = s->count;
	bool child = false, asked = false;

	if (!p)
		tshm_die("out of memory");
	p[0] = (struct pollfd){ .fd = signals->fd, .events = POLLIN };
	for (size_t i = 0; i < s->count; i++)
		p[i + 1] = (struct pollfd){ .fd = s->holders[i].pidfd, .events = POLLIN };
	do {
		double time = until - now();

		for (size_t i = 0; i < s->count; i++)	/* no pidfds: look again before long */
			if (s->holders[i].pidfd < 0 && !step)
				step = 0.02;
		if (step && step < time)
			time = step;
		if (time < 0 || poll(p, s->count + 1, (int)(time * 1000) + 1) <= 0)
			break;
		asked = tshm_signals_take(signals, 0, &child);
		while (child && waitpid(-1, NULL, WNOHANG) > 0)
			;	/* a subreaper's */
		for (size_t i = 1; i <= s->count; i++)
			if (p[i].fd >= 0 && p[i].revents) {
				p[i].fd = -1;
				left--;
			}
	} while (left && !asked);
	free(p);
	return !asked;
}

void tshm_rest_wait(struct tshm_job *job, const struct tshm_signals *signals)
{
	double begin = now(), until = begin + job->wait, limbo_until = 0;
	struct search s = { 0 };
	bool told = false;

	for (;;) {
		double time = now();

		search(&s, job);
		if (s.limbo && !limbo_until)
			limbo_until = time + LIMBO;
		if (!s.count && (!s.limbo || time >= limbo_until))
			break;
		if (time >= until && (s.count || time >= limbo_until))
			break;
		if (!told && s.count && time - begin > 1) {
			tshm_say(s.count == 1 ? "waiting for %zu process that still runs (pid %d), %.0f s at most" :
				 "waiting for %zu processes that still run (pid %d first), %.0f s at most", s.count,
				 (int)s.holders[0].pid, until - time + 0.5);
			told = true;
		}
		/* Wake once to tell; in limbo, look again soon. */
		if (!sleep_on(&s, signals, until > time ? until : limbo_until, !s.count ? 0.005 : told ? 0 : 1.05))
			break;
	}
	for (size_t i = 0; i < s.count; i++) {
		job->stayed = tshm_grow(job->stayed, job->stayed_count, sizeof(*job->stayed));
		job->stayed[job->stayed_count++] = s.holders[i].pid;
	}
	forget(&s);
}
