/* SPDX-License-Identifier: MIT */
/* tshm-report, which knows the formats, the policies and the verdict. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run.h"

/* Standard output is the command's; what a report has for it goes to `to`. */
static _Noreturn void execute(const struct tshm_job *job, const char *last, int to)
{
	char *beside = tshm_env_beside("tshm-report");
	char **argv = calloc(job->report_count + 3, sizeof(*argv));

	if (!argv || dup2(to, 1) < 0)
		_exit(TSHM_EXIT_FAILED);
	argv[0] = (char *)"tshm-report";
	for (size_t i = 0; i < job->report_count; i++)
		argv[i + 1] = job->report[i];
	argv[job->report_count + 1] = (char *)last;
	if (beside)
		execv(beside, argv);
	if (!beside || errno == ENOENT)
		execvp("tshm-report", argv);
	tshm_say("tshm-report: %m");
	_exit(TSHM_EXIT_FAILED);
}

static int call(const struct tshm_job *job, const char *last, int to)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		execute(job, last, to);
	while (pid > 0 && waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			pid = -1;
	if (pid < 0) {
		tshm_say("tshm-report: %m");
		return TSHM_EXIT_FAILED;
	}
	if (WIFSIGNALED(status)) {
		tshm_say("tshm-report died of signal %d", WTERMSIG(status));
		return TSHM_EXIT_FAILED;
	}
	return WEXITSTATUS(status);
}

/* An option that tshm-report refuses is better known now than after an hour. */
int tshm_judge_check(const struct tshm_job *job)
{
	int nowhere, status;

	nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (nowhere < 0)
		tshm_die("/dev/null: %m");
	status = call(job, "--list-checks", nowhere);
	close(nowhere);
	return status;
}

/*
 * Ledgers lie in memory: what the user never looks at must not fill it.  The newest
 * runs stay, up to the pool's cap.
 */
void tshm_judge_tidy(void)
{
	static const struct tshm_job nothing;
	int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (nowhere < 0)
		return;
	call(&nothing, "--prune=" TSHM_POOL_CAP, nowhere);
	close(nowhere);
}

int tshm_judge(const struct tshm_job *job)
{
	return call(job, job->dir, 2);
}
