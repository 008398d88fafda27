/* SPDX-License-Identifier: MIT */
/* For scenarios that go round the hooks: a system call by an instruction of the program's own. */
#ifndef TSHM_SCENARIO_BYPASS_H
#define TSHM_SCENARIO_BYPASS_H

#include <errno.h>
#include <sys/syscall.h>

static inline long inline_call(long number, long a, long b, long c, long d)
{
	long result;
#if defined(__x86_64__)
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = 0;
	register long r9 __asm__("r9") = 0;

	__asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory", "x4", "x5");
	result = x0;
#else
#error "the instruction of this machine is not known"
#endif
	if ((unsigned long)result >= (unsigned long)-4095L) {
		errno = (int)-result;
		return -1;
	}
	return result;
}

#endif
