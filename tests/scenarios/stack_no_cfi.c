/* SPDX-License-Identifier: MIT */
/*
 * Assembly without call frame information, as in crypto libraries and generated code.
 * An unwinder can but guess by rbp, and there rbp is often a general register: it may
 * hold anything.  No value of it may crash the program or lose the record: the caller
 * at least must be there.  Where rbp is a frame pointer, the stack goes on through it.
 */
#include <stdint.h>

#include "module.h"

#if defined(__x86_64__)

#define EACH 4

/*
 * int with_rbp(uintptr_t rbp, const char *name, unsigned flags, int (*call)(const char *, unsigned)):
 * rbp holds this during the call.  int with_frame(name, flags, call): the usual frame.
 * No .cfi directive on purpose.
 */
__asm__(
	".text\n"
	".type with_rbp, @function\n"
	"with_rbp:\n"
	"	push	%rbp\n"
	"	mov	%rdi, %rbp\n"
	"	mov	%rsi, %rdi\n"
	"	mov	%edx, %esi\n"
	"	call	*%rcx\n"
	"	pop	%rbp\n"
	"	ret\n"
	".size with_rbp, . - with_rbp\n"
	".type with_frame, @function\n"
	"with_frame:\n"
	"	push	%rbp\n"
	"	mov	%rsp, %rbp\n"
	"	call	*%rdx\n"
	"	pop	%rbp\n"
	"	ret\n"
	".size with_frame, . - with_frame\n");
int with_rbp(uintptr_t rbp, const char *name, unsigned flags, int (*call)(const char *, unsigned));
int with_frame(const char *name, unsigned flags, int (*call)(const char *, unsigned));

/* A page between two that cannot be read. */
static uintptr_t lonely_page(void)
{
	char *at = mmap(NULL, 3 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED || mprotect(at + 4096, 4096, PROT_READ | PROT_WRITE) != 0)
		die("mmap");
	return (uintptr_t)at + 4096;
}

__attribute__((noinline)) static void leak_with_frame(void)
{
	for (int i = 0; i < 2 * EACH; i++)
		must(with_frame("tshm-test", MFD_CLOEXEC, memfd_create), "memfd_create");
}

/* Values that no frame could have: the stack is the caller alone, so all leaks are of one place. */
static int leak_with_garbage(void)
{
	uintptr_t page = lonely_page(), here = (uintptr_t)__builtin_frame_address(0);
	const uintptr_t garbage[] = {
		0, 1, 8, 4096, 0x7fff, (uintptr_t)-1, (uintptr_t)-8, (uintptr_t)-16,	/* small, and wrapping round */
		0x8000000000000000, 0xffff800000000000, 0xffffffff81000000,		/* not canonical, the kernel's */
		0x00007ffffffff000, 0x00007ffffffffff8, 0x0000800000000000,		/* where user space ends */
		page, page + 1, page + 4095, page + 4096 - 8, page - 8, page + 4096,	/* not the stack's, or not readable */
		here - 4096, here - (1 << 20), here + (64 << 20),			/* below the stack's end, far above */
		here | 1, here | 4, (here & ~4095ul) + 4095,				/* misaligned */
		(uintptr_t)leak_with_garbage, (uintptr_t)memfd_create,			/* code */
	};
	const int count = (int)(sizeof(garbage) / sizeof(garbage[0]));

	for (int i = 0; i < count; i++)
		for (int k = 0; k < EACH; k++)
			must(with_rbp(garbage[i], "tshm-test", MFD_CLOEXEC, memfd_create), "memfd_create");
	return count * EACH;
}

/* What looks like frames and is none: rings, words that are no code, the stack's last words. */
static void survive_forged_frames(void)
{
	uintptr_t forged[64] = { 0 };
	uintptr_t end = ((uintptr_t)__builtin_frame_address(0) & ~4095ul) + 4096;

	forged[0] = (uintptr_t)&forged[0];	/* its own caller */
	forged[1] = 0x1234567;
	forged[2] = (uintptr_t)&forged[4];	/* up, and down again */
	forged[3] = (uintptr_t)survive_forged_frames + 1;
	forged[4] = (uintptr_t)&forged[2];
	forged[5] = (uintptr_t)&forged;
	forged[6] = (uintptr_t)-8;		/* to nowhere */
	forged[7] = (uintptr_t)leak_with_garbage + 3;
	for (int i = 8; i + 2 < 64; i += 2) {	/* more frames than anybody should follow */
		forged[i] = (uintptr_t)&forged[i + 2];
		forged[i + 1] = 0xdead0000 + (uintptr_t)i;
	}
	for (int i = 0; i < 64; i++)
		must(close(with_rbp((uintptr_t)&forged[i], "tshm-test", MFD_CLOEXEC, memfd_create)), "close");
	/* Every word up to the end of the stack's mapping, where there is nothing to read beyond. */
	for (uintptr_t page = end; page - end < (1 << 20); page += 4096) {
		unsigned char in_core;

		if (mincore((void *)page, 4096, &in_core) != 0)
			break;
		end = page + 4096;
	}
	for (uintptr_t at = end - 4096; at <= end + 64; at += 8)
		must(close(with_rbp(at, "tshm-test", MFD_CLOEXEC, memfd_create)), "close");
}

int main(void)
{
	need_stacks();
	scenario_begin();
	printf("EXPECT-FRAME fd-leaked with_frame leak_with_frame main\n");
	leak_with_frame();
	printf("EXPECT fd-leaked %d descriptors\n", leak_with_garbage());
	printf("EXPECT-FRAME fd-leaked with_rbp\n");
	survive_forged_frames();
	return 0;
}

#else

int main(void)
{
	skip("for x86-64");
}

#endif
