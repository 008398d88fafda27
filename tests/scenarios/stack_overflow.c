/* SPDX-License-Identifier: MIT */
/*
 * A program's crash handler runs on an alternate stack because the usual one is used
 * up, or because the stack pointer is lost (a corrupted frame was left), and opens
 * what it writes its last words to.  There the interrupted stack pointer is anything:
 * the capture must not read what cannot be read, and the handler must get to its end.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/resource.h>

#include "module.h"

#if defined(__x86_64__)

#define LEAK 8

/* Lose the stack pointer, then fault; what is known of its frame looks for the caller at rsp. */
__asm__(
	".text\n"
	".type lose_stack, @function\n"
	"lose_stack:\n"
	"	.cfi_startproc\n"
	"	mov	%rdi, %rsp\n"
	"	mov	0, %eax\n"
	"	ret\n"
	"	.cfi_endproc\n"
	".size lose_stack, . - lose_stack\n");
void lose_stack(uintptr_t rsp);

static sigjmp_buf back;

static void on_lost(int signal)
{
	(void)signal;
	must(memfd_create("tshm-test-lost", MFD_CLOEXEC), "memfd_create");
	siglongjmp(back, 1);
}

static void on_overflow(int signal)
{
	(void)signal;
	must(memfd_create("tshm-test-overflow", MFD_CLOEXEC), "memfd_create");
	siglongjmp(back, 1);
}

static void handle(void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_ONSTACK };

	must(sigaction(SIGSEGV, &action, NULL), "sigaction");
	must(sigaction(SIGBUS, &action, NULL), "sigaction");
}

/* A stack that can be used up soon. */
static void limit(void)
{
	struct rlimit stack;

	must(getrlimit(RLIMIT_STACK, &stack), "getrlimit");
	if (stack.rlim_cur > 1 << 20)
		stack.rlim_cur = 1 << 20;
	must(setrlimit(RLIMIT_STACK, &stack), "setrlimit");
}

/* Without end: the compiler is not to see that. */
__attribute__((noinline)) static int recurse(volatile int *depth)
{
	volatile char room[1000];
	int below;

	room[0] = 1;
	below = ++*depth > 0 ? recurse(depth) : 0;
	return below + room[0];
}

int main(void)
{
	uintptr_t hole = (uintptr_t)mmap(NULL, 3 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	const uintptr_t lost[] = {
		0, 1, 16, 4096, hole, hole + 4096 + 8, hole + 3 * 4096 - 8, (uintptr_t)-8, (uintptr_t)-16,
		0x8000000000000000, 0xffffffff81000000, 0x00007ffffffff000, here - (64 << 20), here + (64 << 20),
	};
	stack_t alternate = { .ss_size = 1 << 16 };
	volatile unsigned i;

	need_stacks();
	scenario_begin();
	printf("EXPECT-FRAME fd-leaked on_lost lose_stack\n");
	printf("EXPECT-FRAME fd-leaked on_overflow recurse recurse recurse recurse\n");
	alternate.ss_sp = mmap(NULL, alternate.ss_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (alternate.ss_sp == MAP_FAILED || sigaltstack(&alternate, NULL) != 0)
		die("sigaltstack");
	limit();
	handle(on_lost);
	for (i = 0; i < sizeof(lost) / sizeof(lost[0]); i++)
		if (sigsetjmp(back, 1) == 0)
			lose_stack(lost[i]);
	handle(on_overflow);
	for (i = 0; i < LEAK; i++) {
		volatile int depth = 0;

		if (sigsetjmp(back, 1) == 0)
			recurse(&depth);
	}
	return 0;
}

#else

int main(void)
{
	skip("for x86-64");
}

#endif
