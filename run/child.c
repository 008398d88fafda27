/* SPDX-License-Identifier: MIT */
/*
 * The command, and signals.
 *
 * The command stays in our process group, so a terminal's signals reach it by
 * themselves; we survive them, because we have a report to write.  What a process
 * sends to us alone is passed on.  (A supervisor that signals the whole group is
 * seen twice by the command, as with timeout(1).)
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run.h"

static const int passed[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGCONT, SIGTSTP };

void tshm_signals_open(struct tshm_signals *s)
{
	struct sigaction plain = { .sa_handler = SIG_DFL };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++)
		sigaddset(&set, passed[i]);
	/* Whoever started us may ignore it, and then nobody's end could be collected. */
	sigaction(SIGCHLD, &plain, &s->child_before);
	sigprocmask(SIG_BLOCK, &set, &s->before);
	s->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->fd < 0)
		tshm_die("signalfd: %m");
}

void tshm_signals_restore(const struct tshm_signals *s)
{
	sigaction(SIGCHLD, &s->child_before, NULL);
	sigprocmask(SIG_SETMASK, &s->before, NULL);
}

/* Stop as the terminal asked; in an orphaned group the kernel refuses, for us as for the command. */
static void stop_self(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTSTP);
	raise(SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

bool tshm_signals_take(const struct tshm_signals *s, pid_t pid, bool *child)
{
	struct signalfd_siginfo info;
	bool end = false;

	while (read(s->fd, &info, sizeof(info)) == sizeof(info)) {
		int number = (int)info.ssi_signo;

		if (number == SIGCHLD) {
			*child = true;
			continue;
		}
		/* si_code <= 0: sent by a process; the kernel's went to the whole group. */
		if (pid > 0 && (int32_t)info.ssi_code <= 0)
			kill(pid, number);
		if (number == SIGTSTP)
			stop_self();
		end = end || number == SIGINT || number == SIGQUIT || number == SIGTERM || number == SIGHUP;
	}
	return end;
}

/* In the child: wait until run.json knows our pid, then become the command. */
static _Noreturn void become(const struct tshm_job *job, const struct tshm_signals *signals, const char *library,
			     int go, int failed)
{
	char byte;
	int error;

	if (read(go, &byte, 1) != 1)	/* the parent gave up */
		_exit(TSHM_EXIT_FAILED);
	tshm_env_set(job, library);
	tshm_signals_restore(signals);
	execvp(job->command[0], job->command);
	error = errno;
	_exit(write(failed, &error, sizeof(error)) == sizeof(error) ? TSHM_EXIT_CANNOT : TSHM_EXIT_FAILED);
}

static void wait_for(struct tshm_job *job, const struct tshm_signals *signals)
{
	struct pollfd p = { .fd = signals->fd, .events = POLLIN };
	bool child = true;

	for (;;) {
		int status;
		pid_t pid;

		/* Others are orphans that a subreaper has adopted. */
		while (child && (pid = waitpid(-1, &status, WNOHANG)) > 0) {
			if (pid == job->root_pid) {
				job->wait_status = status;
				return;
			}
		}
		child = false;
		if (poll(&p, 1, -1) < 0 && errno != EINTR)
			tshm_die("poll: %m");
		tshm_signals_take(signals, job->root_pid, &child);
	}
}

/* No program, no run: nothing of it is kept. */
static int not_started(const struct tshm_job *job, int error)
{
	unlinkat(job->dir_fd, "run.json", 0);
	rmdir(job->dir);
	tshm_say("%s: %s", job->command[0], strerror(error));
	return error == ENOENT ? TSHM_EXIT_ABSENT : TSHM_EXIT_CANNOT;
}

int tshm_child_run(struct tshm_job *job, const struct tshm_signals *signals, const char *library)
{
	int go[2], failed[2], error;

	if (pipe2(go, O_CLOEXEC) != 0 || pipe2(failed, O_CLOEXEC) != 0)
		tshm_die("pipe: %m");
	job->root_pid = fork();
	if (job->root_pid < 0)
		tshm_die("fork: %m");
	if (job->root_pid == 0) {
		close(go[1]);
		become(job, signals, library, go[0], failed[1]);
	}
	close(go[0]);
	close(failed[1]);
	if (tshm_runfile_write(job) != 0)
		exit(TSHM_EXIT_FAILED);		/* and the child, which reads an end of file */
	if (write(go[1], "x", 1) != 1)
		tshm_die("the command's process has gone");
	close(go[1]);
	if (read(failed[0], &error, sizeof(error)) == sizeof(error)) {
		waitpid(job->root_pid, NULL, 0);
		return not_started(job, error);
	}
	close(failed[0]);
	wait_for(job, signals);
	return 0;
}
