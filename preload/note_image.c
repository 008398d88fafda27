/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>

#include "bytes.h"
#include "child.h"
#include "note.h"
#include "readable.h"
#include "site.h"
#include "sys.h"

void tshm_note_child(struct tshm_here here, int pid, unsigned how, const char *program)
{
	uint32_t site;

	if (!here.on)
		return;
	tshm_count(here.call);
	site = tshm_site_here(here);
	tshm_site_mirror(site);
	tshm_child_begun(pid, how, program, site);
}

/*
 * What libc does not count as a thread may run in our memory from now on (atomic.h).  While a
 * child of vfork's kind does, this thread stands still, and the child uses its thread-local
 * variables: a count there hushes it.  One that runs beside us is told by its pid.  A child
 * with memory of its own begins its ledger at its first noted call.
 */
static bool tshm_is_vfork(uint64_t flags)
{
	return (flags & (CLONE_VM | CLONE_VFORK | CLONE_THREAD | CLONE_SETTLS)) == (CLONE_VM | CLONE_VFORK);
}

void tshm_cloning(struct tshm_here here, uint64_t flags)
{
	if (!(flags & CLONE_VM))
		return;
	tshm_cloned = true;
	if (tshm_is_vfork(flags))
		tshm_self.quiet++;
	else if (here.on && !(flags & CLONE_THREAD))
		tshm_image_shared();
}

long tshm_note_cloned(struct tshm_here here, uint64_t flags, long result)
{
	bool vfork = tshm_is_vfork(flags);

	if (!result)		/* the child */
		return result;
	if (vfork)
		tshm_self.quiet--;
	if (result > 0 && !(flags & CLONE_THREAD))
		tshm_note_child(here, (int)result, vfork ? TSHM_CHILD_VFORK : TSHM_CHILD_FORK,
				vfork ? tshm_self.program : NULL);
	if (vfork)
		tshm_self.program[0] = 0;
	return result;
}

int tshm_note_waited(struct tshm_here here, int pid, int status)
{
	if (pid > 0 && here.on && (WIFEXITED(status) || WIFSIGNALED(status))) {
		tshm_count(here.call);
		tshm_child_ended(pid, status);
	}
	return pid;
}

void tshm_note_waited_by(struct tshm_here here, const siginfo_t *info, int options, int result)
{
	/* WNOWAIT leaves the child to be waited for again. */
	if (result != 0 || !here.on || !info->si_pid || (options & WNOWAIT) || !(options & WEXITED))
		return;
	if (info->si_code == CLD_EXITED || info->si_code == CLD_KILLED || info->si_code == CLD_DUMPED)
		tshm_note_waited(here, info->si_pid, info->si_code == CLD_EXITED ? (info->si_status & 255) << 8 : info->si_status);
}

void tshm_exec_begin(struct tshm_here here, const char *program)
{
	if ((!here.on && !tshm_self.quiet) || !tshm_readable_string(program))
		return;
	if (here.on) {
		tshm_count(here.call);
		tshm_image_end(TSHM_ENDED_EXEC, 0, program);
	} else if (tshm_self.quiet) {
		tshm_copy(tshm_self.program, program, sizeof(tshm_self.program));
	}
}

int tshm_exec_failed(struct tshm_here here, int result)
{
	if (here.on)
		tshm_image_end_withdraw();
	else if (tshm_self.quiet)	/* a child of vfork that does not become this program, perhaps none */
		tshm_self.program[0] = 0;
	return result;
}

/* pidfd_getpid(3) reads the pid from /proc too. */
void tshm_note_pidfd_spawned(struct tshm_here here, int pidfd, const char *program)
{
	static const char label[] = "Pid:\t";
	char text[256], path[48];
	const char *at = text;
	size_t n;
	int pid = 0;

	if (!here.on)
		return;
	n = tshm_append(path, 0, "/proc/self/fdinfo/", sizeof(path));
	tshm_append_number(path, n, (uint64_t)pidfd, sizeof(path));
	if (!tshm_read_file(path, text, sizeof(text)))
		text[0] = 0;
	while (*at && !tshm_starts(at, label))
		at++;
	for (at += *at ? sizeof(label) - 1 : 0; *at >= '0' && *at <= '9'; at++)
		pid = pid * 10 + (*at - '0');
	tshm_note_pidfd(here, pidfd, pid);
	if (pid > 0)
		tshm_note_child(here, pid, TSHM_CHILD_SPAWN, program);
}
