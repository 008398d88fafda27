/* SPDX-License-Identifier: MIT */
#include "denied.h"

#include <errno.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proc.h"
#include "text.h"
#include "xalloc.h"

/* ---- what there is to know ---- */

/* The number behind a name in /proc/PID/status; -1 if there is none. */
static long status_number(const char *status, const char *name, int base)
{
	TSHM_AUTO_FREE char *wanted = tshm_xasprintf("\n%s:", name);
	const char *at = strstr(status, wanted);

	return at ? (long)strtoul(at + strlen(wanted), NULL, base) : -1;
}

static int yama_scope(void)
{
	TSHM_AUTO_FILE FILE *f = fopen("/proc/sys/kernel/yama/ptrace_scope", "re");
	int scope;

	return f && fscanf(f, "%d", &scope) == 1 ? scope : -1;
}

void tshm_denial_ask(struct tshm_denial *d, pid_t pid, int error)
{
	TSHM_AUTO_FREE char *own = NULL, *its = NULL, *path = tshm_xasprintf("/proc/%d/mem", (int)pid);
	struct stat st;

	*d = (struct tshm_denial){ .error = error, .us = geteuid(), .filtered = -1, .yama = yama_scope(), .owner = -1,
				   .tracer = -1 };
	if (tshm_proc_text(getpid(), "status", &own) == 0) {
		d->may_trace_all = status_number(own, "CapEff", 16) >> CAP_SYS_PTRACE & 1;
		d->filtered = (int)status_number(own, "Seccomp", 10);
	}
	if (tshm_proc_text(pid, "status", &its) == 0) {
		d->owner = status_number(its, "Uid", 10);
		d->tracer = status_number(its, "TracerPid", 10);
	}
	d->closed = stat(path, &st) == 0 && d->owner >= 0 && st.st_uid != (uid_t)d->owner;
}

/* ---- in words ---- */

static char *user_name(long uid)
{
	const struct passwd *user = getpwuid((uid_t)uid);
	TSHM_AUTO_FREE char *name = tshm_text_escape(user ? user->pw_name : NULL);

	return *name ? tshm_xasprintf("%s", name) : tshm_xasprintf("%ld", uid);
}

static char *by_rights(const struct tshm_denial *d)
{
	if (d->owner >= 0 && (uid_t)d->owner != d->us && !d->may_trace_all && d->us != 0) {
		TSHM_AUTO_FREE char *name = user_name(d->owner);

		return tshm_xasprintf("it is a process of user %s: run tshm-report as that user or as root", name);
	}
	if (d->us == 0 && !d->may_trace_all)
		return tshm_xstrdup("root has no CAP_SYS_PTRACE here: start the container with --cap-add=SYS_PTRACE");
	if (d->closed && !d->may_trace_all)
		return tshm_xstrdup("it may not be dumped (prctl(PR_SET_DUMPABLE), or a program with privileges or that "
				    "cannot be read): run tshm-report as root");
	if (d->yama == 1 && !d->may_trace_all)
		return tshm_xstrdup("kernel.yama.ptrace_scope is 1: run tshm-report as root, or "
				    "sysctl kernel.yama.ptrace_scope=0");
	if (d->yama == 2 && !d->may_trace_all)
		return tshm_xstrdup("kernel.yama.ptrace_scope is 2: run tshm-report as root");
	if (d->yama == 3)
		return tshm_xstrdup("kernel.yama.ptrace_scope is 3: nobody may trace until the machine is started anew");
	return NULL;
}

char *tshm_denial_text(const struct tshm_denial *d)
{
	char *why;

	switch (d->error) {
	case ESRCH:
	case ENOENT:
		return tshm_xstrdup("it has ended meanwhile");
	case ENOEXEC:
		return tshm_xstrdup("it is a 32-bit program, whose stacks this tshm-report cannot read");
	case ENOSYS:
		return tshm_xstrdup("this tshm-report was built without libunwind-ptrace");
	case EPERM:
		break;
	default:
		return tshm_xasprintf("it could not be looked at: %s", strerror(d->error));
	}
	if (d->tracer > 0)
		return tshm_xasprintf("process %ld traces it already: end that debugger, or ask it", d->tracer);
	why = by_rights(d);
	if (why)
		return why;
	if (d->filtered == 2)
		return tshm_xstrdup("a seccomp filter forbids ptrace here: start the container with --cap-add=SYS_PTRACE "
				    "or another seccomp profile");
	return tshm_xstrdup("the kernel refuses it: a security module, perhaps");
}
