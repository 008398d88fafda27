/* SPDX-License-Identifier: MIT */
/* Filters that kill: all system calls but those of a list (seccomp(2)). */
#ifndef TSHM_CONFINED_H
#define TSHM_CONFINED_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "scenario.h"

#define MOST_ALLOWED 40

/* The filter that allows these `count` calls alone.  One at a time. */
static inline struct sock_fprog *filter_of(const unsigned *allowed, unsigned count)
{
	static struct sock_filter code[MOST_ALLOWED + 3];
	static struct sock_fprog program = { .filter = code };
	unsigned at = 0;

	if (count > MOST_ALLOWED)
		die("too many calls");
	code[at++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (unsigned i = 0; i < count; i++)
		code[at++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, allowed[i],
							  (unsigned char)(count - i), 0);
	code[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	code[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	program.len = (unsigned short)at;
	return &program;
}

/* An instruction of our own, which no hook sees. */
static inline long bare_call(long number, long a, long b, long c, long d, long e)
{
#if defined(__x86_64__)
	long result;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;

	__asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
			 : "rcx", "r11", "memory");
	return result;
#else
	(void)number; (void)a; (void)b; (void)c; (void)d; (void)e;
	skip("for x86-64");
#endif
}

#endif
