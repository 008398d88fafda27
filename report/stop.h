/* SPDX-License-Identifier: MIT */
/*
 * Hold one thread of another process for as long as it takes to copy what is needed.
 *
 * PTRACE_SEIZE and PTRACE_INTERRUPT: no signal is sent, nobody but the thread notices,
 * and if we die the kernel lets it go.
 */
#ifndef TSHM_STOP_H
#define TSHM_STOP_H

#include <stdint.h>
#include <sys/types.h>

/* Once in a process that will hold threads: SIGCHLD is blocked from then on. */
void tshm_stop_prepare(void);
/*
 * Calls look(tid, arg) while the thread stands.  0 or -errno: -EPERM if it may not be
 * traced, -ESRCH if it has gone, -ETIMEDOUT if it did not stop within 100 ms.  After the
 * last the caller must end soon: the thread can only be let go once it stops, or by that.
 */
int tshm_stop(pid_t tid, void (*look)(pid_t tid, void *arg), void *arg, uint64_t *held_ns);

#endif
