/* SPDX-License-Identifier: MIT */
/*
 * Raw system calls.  Our own code never calls a hooked function, so that it needs
 * no re-entry guard, and never touches errno: results are the kernel's own, -errno
 * on failure.
 */
#ifndef TSHM_SYS_H
#define TSHM_SYS_H

#include <stdint.h>
#include <sys/syscall.h>

/* What older headers lack; these numbers are the same on all architectures (Linux, scripts/syscall.tbl). */
#ifndef SYS_open_tree
#define SYS_open_tree 428
#endif
#ifndef SYS_fsopen
#define SYS_fsopen 430
#endif
#ifndef SYS_fsmount
#define SYS_fsmount 432
#endif
#ifndef SYS_fspick
#define SYS_fspick 433
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#endif
#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif

static inline long tshm_sys6(long n, long a, long b, long c, long d, long e, long f)
{
#if defined(__x86_64__)
	long ret;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;

	__asm__ volatile("syscall" : "=a"(ret)
			 : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = n;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc 0" : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
	return x0;
#else
#error "tshm knows the system call instruction of x86-64 and aarch64 only"
#endif
}

/*
 * Above 0 once the program has confined itself by seccomp(2): a call that it does not make
 * itself may kill it now, so we make none (confine.c).  Weak, for those that include
 * this header alone.
 */
__attribute__((weak, visibility("hidden"))) int tshm_confined;

/* A call of our own. */
static inline long tshm_sys_own(long n, long a, long b, long c, long d, long e, long f)
{
	if (__builtin_expect(__atomic_load_n(&tshm_confined, __ATOMIC_RELAXED) != 0, 0))
		return -38;	/* ENOSYS */
	return tshm_sys6(n, a, b, c, d, e, f);
}

#define TSHM_SYS0(n) tshm_sys_own(n, 0, 0, 0, 0, 0, 0)
#define TSHM_SYS1(n, a) tshm_sys_own(n, (long)(a), 0, 0, 0, 0, 0)
#define TSHM_SYS2(n, a, b) tshm_sys_own(n, (long)(a), (long)(b), 0, 0, 0, 0)
#define TSHM_SYS3(n, a, b, c) tshm_sys_own(n, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define TSHM_SYS4(n, a, b, c, d) tshm_sys_own(n, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define TSHM_SYS5(n, a, b, c, d, e) tshm_sys_own(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define TSHM_SYS6(n, a, b, c, d, e, f) \
	tshm_sys_own(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

/* Does a result of TSHM_SYSn that is an address say failure? */
static inline int tshm_sys_failed(long ret)
{
	return (unsigned long)ret >= (unsigned long)-4095L;
}

#endif
