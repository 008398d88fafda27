/* SPDX-License-Identifier: MIT */
/* Why a process may not be looked at, for a person, and what to do about it. */
#ifndef TSHM_DENIED_H
#define TSHM_DENIED_H

#include <stdbool.h>
#include <sys/types.h>

struct tshm_denial {		/* what is known when the kernel says no; -1: not known */
	int error;		/* errno */
	uid_t us;
	bool may_trace_all;	/* we have CAP_SYS_PTRACE */
	int filtered;		/* we run under a seccomp filter: the mode, 2 */
	int yama;		/* kernel.yama.ptrace_scope */
	long owner;		/* the process's uid */
	bool closed;		/* its files in /proc are not its own user's: it may not be dumped */
	long tracer;		/* who traces it already, 0: nobody */
};

/* What can be known of it now. */
void tshm_denial_ask(struct tshm_denial *, pid_t pid, int error);
/* One line, escaped.  To be freed. */
char *tshm_denial_text(const struct tshm_denial *);

#endif
